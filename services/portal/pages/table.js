// What of a history is shown, as elements of the page.

import { detailTexts, staffName } from "./details.js";
import { at, element, list } from "./elements.js";
import { askable } from "./unmasking.js";
import { currentLanguage, word } from "./words.js";

const COLUMNS = ["when", "what", "who", "purpose", "outcome", "centre", "proof"];
const MARKS = { permitted: "✓ ", refused: "✗ ", done: "• " };

const SIGN_INS = new Set(["token_issued", "passkey_used"]);

export function chosen(entries, filter) {
  if (filter === "most") return entries.filter((entry) => !SIGN_INS.has(entry.event.kind));
  if (filter === "uses") return entries.filter((entry) => entry.actor === "organisation");
  if (filter === "refused") return entries.filter((entry) => entry.event.outcome === "refused");
  return entries;
}

// Fills a table with entries, and says where there are none.
export function fill(id, entries, register) {
  at(id).tBodies[0].replaceChildren(...entries.map((entry) => row(entry, register)));
  at(id).hidden = entries.length === 0;
  at(`${id}-none`).hidden = entries.length > 0;
}

function row(entry, register) {
  const { event } = entry;
  const texts = {
    when: moment(entry.at),
    what: what(entry),
    who: who(entry, register),
    purpose: word("purposes", event.purpose) ?? word("tasks", event.purpose) ?? event.purpose ?? word("page", "no_value"),
    outcome: outcome(event),
    centre: word("bodies", entry.body),
    proof: proof(entry.verdict),
  };
  const made = document.createElement("tr");
  made.setAttribute("role", "row");
  made.dataset.entry = `${entry.body}/${entry.index}`;
  made.dataset.outcome = event.outcome;
  made.dataset.proof = proofClass(entry.verdict);
  for (const column of COLUMNS) {
    const cell = document.createElement("td");
    cell.setAttribute("role", "cell");
    cell.dataset.column = column;
    // shown by the narrow layout, where there is no row of headers to look up to
    cell.dataset.heading = word("page", column);
    cell.append(texts[column]);
    made.append(cell);
  }
  return made;
}

const proofClass = (verdict) => (verdict === "proved" || verdict === "unchecked" ? verdict : "false");

function moment(at) {
  const time = document.createElement("time");
  const date = new Date(at);
  time.dateTime = at;
  time.textContent = Number.isNaN(date.getTime())
    ? at
    : new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium", timeStyle: "medium" }).format(date);
  return time;
}

// What a guardian did, and what a guardian reads, is not told as the reader's own doing.
function what({ event, explanation, actor, ofWard }) {
  const others = ofWard || actor === "guardian" || actor === "with_guardian";
  const kind = (others && word("kinds_of_wards", event.kind)) || (word("kinds", event.kind) ?? String(event.kind));
  const details = detailTexts(event);
  if (explanation) details.push(word("log", "explained", { told: word("explanations", explanation) ?? String(explanation) }));
  return lines(details.length ? [kind, details.join(" ")] : [kind]);
}

// An organisation as the register names it, with its id; without the register, that its name was not checked.
export function named(organisation, register) {
  const name = register.names.get(organisation);
  return name === undefined ? `${organisation} (${word("page", "not_checked_name")})` : `${name} (${organisation})`;
}

function who(entry, register) {
  const { actor, organisation, event } = entry;
  if (actor !== "organisation") {
    const about = organisation === null ? [] : [word("log", "about", { organisation: named(organisation, register) })];
    return lines([nobodyOfStaff(entry), ...about]);
  }
  const name = register.names.get(organisation);
  const kind = word("organisations", register.kinds.get(organisation) ?? "");
  const known = name === undefined ? [organisation, `(${word("page", "not_checked_name")})`] : [name, `(${organisation})`];
  const told = lines([...known, ...(kind ? [kind] : []), ...staffTexts(event), ...answering(entry)]);
  const [first] = askable(entry);
  if (first) told.append(askLink(first));
  return told;
}

function nobodyOfStaff({ actor, event, ofWard }) {
  const { acting, capacity } = event.detail ?? {};
  const told = word("capacities", acting ?? capacity);
  if (actor === "guardian") return told === undefined ? word("acted", "guardian") : word("acted", "guardian_as", { capacity: told });
  if (actor === "with_guardian") return word("acted", ofWard ? "ward_with" : "you_with", { capacity: told ?? capacity });
  return actor === "you" && ofWard ? word("acted", "ward") : word("page", actor);
}

function askLink({ name }) {
  const told = word("watch", "ask_here_about", { entry: name });
  return element("a", { href: "#watch", class: "onward", "data-ask": name, "aria-label": told }, word("watch", "ask_here"));
}

// Who acted, as far as the person may know it: roles, and a pseudonym that only this person meets.
function staffTexts({ body, staff }) {
  if (typeof staff !== "object" || staff === null) return [];
  const texts = [];
  if (Array.isArray(staff.roles) && staff.roles.length > 0) {
    texts.push(word("log", "roles", { list: list(staff.roles.map((role) => word("roles", role) ?? String(role))) }));
  }
  if (typeof staff.pseudonym === "string") {
    const told = staffName(staff.pseudonym);
    const centre = word("bodies", body) ?? String(body);
    texts.push(staff.sealed ? word("log", "staff", { told }) : word("log", "staff_here", { told, centre }));
  }
  return texts;
}

// Who answers for what no card signed, so that nobody can be unmasked.
function answering(entry) {
  const { body, terminal, staff } = entry.event;
  if (askable(entry).length > 0) return [];
  if (typeof terminal === "string" && !staff) return [word("log", "terminal_alone", { told: terminal })];
  return staff ? [word("log", "answers", { centre: word("bodies", body) ?? String(body) })] : [];
}

function outcome(event) {
  const told = `${MARKS[event.outcome] ?? ""}${word("outcomes", event.outcome) ?? String(event.outcome)}`;
  if (typeof event.reason !== "string") return told;
  return lines([told, word("reasons", event.reason) ?? word("page", "reason_code", { code: event.reason })]);
}

function proof(verdict) {
  if (verdict === "proved") return `✓ ${word("proofs", "proved")}`;
  if (verdict === "unchecked") return `? ${word("proofs", "unchecked")}`;
  return `✗ ${word("proofs", "false", { why: word("proofs", verdict) })}`;
}

function lines(texts) {
  const fragment = document.createDocumentFragment();
  texts.forEach((each, place) => {
    const part = document.createElement("span");
    part.className = place === 0 ? "first" : "more";
    part.textContent = each;
    fragment.append(part);
  });
  return fragment;
}
