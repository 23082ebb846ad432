// The page about use that stands out: how closely it is watched, what stood out and what came of it, and finding out who acted.

import { staffName } from "./details.js";
import { at, card, element, epochMoment, list, markWrong, moment, say, tell } from "./elements.js";
import { explain } from "./explain.js";
import { fill, named } from "./table.js";
import { askable, only } from "./unmasking.js";
import { word } from "./words.js";

const TOLD = new Set(["use_flagged", "use_case_opened", "use_reviewed", "reads_stopped", "reads_resumed", "watch_chosen"]);
const OTHER = { usual: "closely", closely: "usual" };
const FIELDS = ["unmask-entry", "unmask-why"];
const FEWEST = 10;
let session = null;
let choice = null;
let cases = [];
let wanted = "";

export function start() {
  at("watch-change").addEventListener("click", change);
  at("unmask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    askWho();
  });
  // in whichever table an entry stands
  document.addEventListener("click", ({ target }) => {
    const link = target.closest("[data-ask]");
    if (link) wanted = link.dataset.ask;
    if (!link || session === null) return;
    fillEntries();
    if (!at("watch").hidden) at("unmask-entry").focus();
  });
}

export async function open(now) {
  session = now;
  tell("watch-problem");
  const [watched, asked] = await Promise.allSettled([now.person.get("medical", "/watch"), now.person.get("oversight", "/unmaskings")]);
  if (session !== now) return;
  choice = watched.value?.choice ?? null;
  cases = asked.value?.cases ?? [];
  const failed = [watched, asked].find(({ status }) => status === "rejected");
  if (failed) tell("watch-problem", explain(failed.reason)[0]);
  show();
}

export function show() {
  if (session === null) return;
  const { entries, register } = session.history;
  at("watch-now").textContent = choice === null ? "" : word("watch", `now_${choice}`);
  at("watch-change").hidden = choice === null;
  at("watch-change").textContent = choice === null ? "" : word("watch", `choose_${OTHER[choice]}`);
  fill("watch-told", entries.filter(({ event }) => TOLD.has(event.kind)), register);
  at("no-unmaskings").hidden = cases.length > 0 || at("watch-problem").textContent !== "";
  at("unmaskings").replaceChildren(...cases.toReversed().map((each) => line(each, register)));
  fillEntries();
}

export function forget() {
  session = null;
  choice = null;
  cases = [];
  wanted = "";
  at("watch-now").textContent = "";
  at("unmaskings").replaceChildren();
  at("unmask-entry").replaceChildren();
  at("unmask-form").reset();
  tell("watch-problem");
  complain();
}

function complain(message, field = null) {
  tell("unmask-problem", message);
  markWrong("unmask-problem", FIELDS, field);
}

function line({ body, index, colleague, organisation, pseudonym, why, asked, state, name, comment }, register) {
  const told = [
    [word("watch", "case_state"), word("watch", `state_${state}`)],
    [word("watch", "case_entry"), list([word("bodies", body), `${body}/${index}${colleague ? `/${colleague}` : ""}`, staffName(pseudonym)])],
    [word("watch", "case_asked"), epochMoment(asked)],
    [word("watch", "case_why"), why],
    ...(name ? [[word("watch", "case_name"), name]] : []),
    ...(comment ? [[word("watch", "case_comment"), comment]] : []),
  ];
  return card(named(organisation, register), told);
}

function fillEntries() {
  const { entries, register } = session.history;
  const now = wanted || at("unmask-entry").value;
  const options = entries.flatMap((entry) =>
    askable(entry).map(({ name, organisation, pseudonym }) => {
      const whose = named(organisation ?? entry.organisation, register);
      return [name, list([moment(entry.at), whose, word("kinds", entry.event.kind), staffName(pseudonym)])];
    }),
  );
  at("unmask-none").hidden = options.length > 0;
  at("unmask-form").hidden = options.length === 0;
  at("unmask-entry").replaceChildren(
    ...[["", word("permit", "choose")], ...options].map(([value, text]) => element("option", { value }, text)),
  );
  at("unmask-entry").value = now;
  if (at("unmask-entry").selectedIndex < 0) at("unmask-entry").value = "";
  wanted = "";
}

async function change() {
  const now = session;
  const next = OTHER[choice];
  at("watch-change").disabled = true;
  tell("watch-problem");
  try {
    const told = await now.person.put("medical", "/watch", { choice: next });
    await now.reload();
    if (session !== now) return;
    choice = told.choice;
    show();
    say(() => word("watch", `chosen_${next}`));
  } catch (error) {
    tell("watch-problem", explain(error)[0]);
  } finally {
    at("watch-change").disabled = false;
  }
}

async function askWho() {
  const now = session;
  const entry = at("unmask-entry").value;
  const why = at("unmask-why").value.trim();
  if (!entry) return complain(() => word("watch", "fault_entry"), "unmask-entry");
  if (why.length < FEWEST) return complain(() => word("watch", "fault_why"), "unmask-why");
  complain();
  at("unmask-ask").disabled = true;
  try {
    await now.person.post("oversight", "/unmaskings", { ...only(now.history, entry), why });
    await now.reload();
    if (session !== now) return;
    at("unmask-form").reset();
    await open(now);
    say(() => word("watch", "asked"));
    at("unmaskings-heading").focus();
  } catch (error) {
    complain(explain(error)[0]);
  } finally {
    at("unmask-ask").disabled = false;
  }
}
