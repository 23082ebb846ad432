// The page about emergencies: the person's choice, and every case that concerned them with what its review found.

import { hex, sha256, utf8 } from "./bytes.js";
import { CentreError } from "./centres.js";
import { ask } from "./confirm.js";
import { words } from "./directive_words.js";
import { at, card, element, epochMoment, list, markWrong, moment, say, tell } from "./elements.js";
import { cases } from "./emergency_cases.js";
import { explain } from "./explain.js";
import { ticked } from "./fields.js";
import { isActive, listed } from "./laid_down.js";
import { byPin, withHand } from "./signing.js";
import { named } from "./table.js";
import { instant } from "./wallet.js";
import { currentLanguage, word } from "./words.js";

const FIELDS = ["choice", "emergency-category"];
const ETREAT = "ETREAT";
const HOLDS = 3650 * 86_400_000;
const ALL = ["checkup", "encounter", "imaging", "laboratory", "maternal", "medication", "sensitive", "summary"];
let session = null;
let standing = [];

export function start() {
  at("emergency-form").addEventListener("submit", (event) => {
    event.preventDefault();
    askToChoose();
  });
}

export async function open(now) {
  session = now;
  tell("emergency-problem");
  try {
    standing = (await listed(now.person)).directives.filter((each) => isActive(each) && isChoice(each.terms, now.history.register));
  } catch (error) {
    standing = [];
    tell("emergency-problem", explain(error)[0]);
  }
  if (session === now) show();
}

export function show() {
  if (session === null) return;
  const { entries, register } = session.history;
  at("emergency-without-card").hidden = session.card !== null;
  at("emergency-show").disabled = session.card === null;
  at("emergency-now").textContent = choiceText();
  const found = cases(entries);
  at("no-cases").hidden = found.length > 0;
  at("cases").replaceChildren(...found.map((each) => line(each, register)));
}

export function forget() {
  session = null;
  standing = [];
  at("cases").replaceChildren();
  at("emergency-now").textContent = "";
  at("emergency-form").reset();
  complain();
}

function complain(message, field = null) {
  tell("emergency-problem", message);
  markWrong("emergency-problem", FIELDS, field);
}

const relays = (register) => [...register.receivingKeys.keys()].filter((each) => register.kinds.get(each) === "emergency-relay");

function isChoice({ purposes, recipient, effect }, register) {
  const whom = effect === "deny" ? recipient === undefined : relays(register).includes(recipient);
  return purposes.length === 1 && purposes[0] === ETREAT && whom;
}

function choiceText() {
  if (standing.some(({ terms }) => terms.effect === "deny")) return word("emergency", "now_no");
  const kinds = new Set(standing.flatMap(({ terms }) => terms.scope.categories));
  if (kinds.size === 0) return word("emergency", "now_nothing");
  return word("emergency", "now_yes", { categories: words("categories", [...kinds].sort()) });
}

function askToChoose() {
  const now = session;
  const choice = ticked("choice")[0];
  const categories = ticked("emergency-category").sort();
  if (choice === undefined) return complain(() => word("emergency", "fault_choice"), "choice");
  if (choice === "yes" && !categories.length) return complain(() => word("permit", "fault_category"), "emergency-category");
  if (choice === "no" && categories.length) return complain(() => word("emergency", "fault_no"), "emergency-category");
  complain();
  const told = word("emergency", `would_${choice}`, { categories: words("categories", categories) });
  const language = currentLanguage();
  ask({
    title: word("emergency", `title_${choice}`),
    effects: [told, word("emergency", "notice"), word("emergency", "refusing"), word("emergency", "earlier")],
    yes: word("emergency", `sign_${choice}`),
    ...byPin(now),
    act: async (pin) => {
      await withHand(now, pin, (hand) => choose(now, hand, { choice, categories, language }));
      if (session !== now) return;
      at("emergency-form").reset();
      await now.reload();
      await open(now);
      say(() => word("emergency", `chosen_${choice}`));
    },
  });
}

// The new choice first: at no moment is there none. The earlier ones are taken back.
async function choose(now, hand, { choice, categories, language }) {
  const yes = choice === "yes";
  const found = relays(now.history.register);
  if (yes && found.length === 0) throw new CentreError("oversight", "no_relay");
  const notice = await noticeIn(language);
  for (const recipient of yes ? found : [undefined]) await hand.layDown(termsOf({ yes, recipient, categories, notice }));
  const leaving = standing.map(({ name }) => name);
  for (const each of standing) {
    for await (const { step, missing } of hand.withdraw(each, [], leaving)) {
      if (step === "over_missing") throw new CentreError(missing[0], "unavailable");
    }
  }
}

function termsOf({ yes, recipient, categories, notice }) {
  const now = Date.now();
  const year = new Date(now).getUTCFullYear();
  const years = yes ? { first: year - 10, last: year + 10 } : { first: year - 150, last: year + 100 };
  return {
    ...(recipient === undefined ? {} : { recipient }),
    effect: yes ? "permit" : "deny",
    purposes: [ETREAT],
    scope: { kind: "records", categories: yes ? categories : ALL, years },
    valid_from: instant(now),
    valid_until: instant(now + HOLDS),
    notice,
  };
}

async function noticeIn(language) {
  const digest = hex(await sha256(utf8(word("emergency", "notice"))));
  const shown = { text_id: "portal-emergency", version: "1", language, sha256_of_text: digest };
  return { ...shown, refusal_meaning: word("emergency", "refusing") };
}

function line(found, register) {
  const { declared, categories, years, why, professionals, until, due, finding, comment, late } = found;
  const told = [[word("emergency", "outcome"), word("emergency", declared ? "read_may" : "read_not")]];
  if (categories.length) {
    const span = years.length === 2 ? [word("sharing", "from_to", { first: years[0], last: years[1] })] : [];
    told.push([word("sharing", "categories"), list([words("categories", categories), ...span])]);
  }
  if (declared) {
    told.push([word("emergency", "why"), why], [word("emergency", "professionals"), list(professionals)]);
    if (until) told.push([word("emergency", "until"), epochMoment(until)]);
    const review = finding
      ? [word("emergency", `found_${finding}`), comment, ...(late ? [word("emergency", "late")] : [])].join(" ")
      : word("emergency", "due", { moment: due ? epochMoment(due) : "" });
    told.push([word("emergency", "review"), review]);
  }
  const steps = found.steps.map((step) => element("li", {}, stepText(step)));
  const heading = `${named(found.organisation, register)}, ${moment(found.began)}`;
  return card(heading, told, element("ol", {}, ...steps));
}

function stepText({ at: when, kind, refused, reason, proved }) {
  const why = refused ? `${word("outcomes", "refused")}: ${word("reasons", reason) ?? reason}` : "";
  const mark = proved ? `✓ ${word("proofs", "proved")}` : `✗ ${word("emergency", "not_proved")}`;
  return [`${moment(when)}: ${word("emergency", `kind_${kind}`)}`, why, `(${mark})`].filter(Boolean).join(" ");
}
