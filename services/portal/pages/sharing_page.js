// The page about permissions for records: what stands, taking it back body by body, and who may read what, and why.

import { ask } from "./confirm.js";
import { facts, inShort, words } from "./directive_words.js";
import { at, button, card, day, download, element, markWrong, say, tell, today } from "./elements.js";
import { explain } from "./explain.js";
import { fillOrganisations, numberIn, ticked } from "./fields.js";
import { activeAt, isActive, listed } from "./laid_down.js";
import { chosenCopy, proofOf } from "./receipts.js";
import { byPin, open as openWallet, withHand } from "./signing.js";
import { currentLanguage, word } from "./words.js";

const MAY_FIELDS = ["may-recipient", "may-category", "may-first", "may-last"];
const PROXY_COUNT = 3;
// what `sekisho verify` reads
const WITHDRAWAL_FILE = "sekisho-withdrawal/1";
const EVALUATIONS = "/access/v1/evaluations";
let session = null;
let directives = [];
let silent = [];
let steps = [];
let receipts = [];
let answers = null;

export function start() {
  at("may").addEventListener("submit", (event) => {
    event.preventDefault();
    askWho();
  });
  at("save-receipts").addEventListener("click", save);
}

export async function open(now) {
  session = now;
  tell("sharing-problem");
  try {
    ({ directives, silent } = await listed(now.person));
    if (silent.length) tell("sharing-problem", () => word("sharing", "silent", { bodies: words("bodies", silent) }));
  } catch (error) {
    directives = [];
    tell("sharing-problem", explain(error)[0]);
  }
  if (session === now) show();
}

export function show() {
  if (session === null) return;
  const { register } = session.history;
  // a renewal after a withdrawal leaves its former copies; they say nothing new
  const standing = directives.filter(isActive);
  const kept = new Set(standing.map(({ terms }) => JSON.stringify(terms)));
  const ended = directives.filter((each) => !isActive(each) && !kept.has(JSON.stringify(each.terms)));
  at("no-directives").hidden = standing.length > 0 || at("sharing-problem").textContent !== "";
  at("sharing-without-card").hidden = session.card !== null;
  at("sharing-without-file").hidden = session.signs || session.card === null;
  at("may-part").hidden = session.ward !== null; // the medical centre answers that to the person alone
  at("directives").replaceChildren(...[...standing].reverse().map(line));
  at("ended").hidden = ended.length === 0;
  at("ended-count").textContent = word("sharing", "ended", { count: ended.length });
  at("ended-list").replaceChildren(
    ...[...ended].reverse().map((each) =>
      element("li", {}, element("p", {}, `${stateOf(each)}: ${inShort(each.terms, register)}`), ...receiptButton(each)),
    ),
  );
  fillOrganisations("may-recipient", register);
  showSteps();
  showAnswers();
}

export function forget() {
  session = null;
  directives = [];
  steps = [];
  receipts = [];
  answers = null;
  for (const id of ["directives", "ended-list", "steps", "answers"]) at(id).replaceChildren();
  at("may").reset();
  at("taking-back").hidden = true;
  at("may-answer").hidden = true;
  tell("sharing-problem");
  tell("may-problem");
}

function stateOf(directive) {
  const states = directive.copies.map(({ state }) => state);
  if (isActive(directive)) return activeAt(directive).length < PROXY_COUNT - silent.length ? word("sharing", "partly") : word("sharing", "active");
  if (states.includes("withdrawn")) return word("sharing", "withdrawn");
  return word("sharing", states.includes("lapsed") ? "lapsed" : "expired");
}

function line(directive) {
  const { terms, issued_at } = directive;
  const { register } = session.history;
  const bodies = words("bodies", activeAt(directive));
  const told = [
    [word("sharing", "state"), stateOf(directive)],
    ...facts(terms, register).filter((_, place) => place > 0),
    [word("sharing", "held"), word("sharing", "signed_on", { date: day(issued_at), bodies })],
  ];
  const heading = word("sharing", `${terms.effect}_line`, { who: facts(terms, register)[0][1] });
  const text = word("sharing", "take_back");
  const acts = !session.signs ? [] : [button(text, `${text}: ${inShort(terms, register)}`, () => askToTakeBack(directive))];
  return card(heading, told, element("div", { class: "actions" }, ...acts, ...receiptButton(directive)));
}

function receiptButton(directive) {
  if (!session.signs) return [];
  const text = word("sharing", "receipt");
  return [button(text, `${text}: ${inShort(directive.terms, session.history.register)}`, () => askForReceipt(directive))];
}

function askForReceipt(directive) {
  const now = session;
  const { body } = chosenCopy(directive);
  ask({
    title: word("sharing", "receipt_title", { what: inShort(directive.terms, now.history.register) }),
    effects: [
      ...["receipt_proves", "receipt_limits", "receipt_next"].map((key) => word("sharing", key)),
      word("sharing", "receipt_names", { centre: word("bodies", body) }),
    ],
    yes: word("sharing", "receipt_save"),
    ...byPin(now),
    act: async (pin) => {
      await now.reload();
      const found = (await listed(now.person)).directives.find(({ name }) => name === directive.name) ?? directive;
      const proof = await withHand(now, pin, (hand) => proofOf(hand, chosenCopy(found), now.history));
      if (session !== now) return;
      download(`sekisho-receipt-proof-${today()}.json`, `${JSON.stringify(proof, null, 1)}\n`);
      say(() => word("sharing", "receipt_saved"));
    },
  });
}

async function askToTakeBack(directive) {
  const now = session;
  const { terms, copies } = directive;
  tell("sharing-problem");
  let changes = [];
  try {
    const own = copies.find(({ body }) => body === "medical");
    if (own) changes = (await now.person.post("medical", "/simulations", { withdraw: own.id })).differences;
  } catch (error) {
    return tell("sharing-problem", explain(error)[0]);
  }
  if (session !== now) return;
  const means = terms.effect === "permit" ? ["at_once", "keys", "known", "others"] : ["refusal"];
  ask({
    title: word("sharing", `question_${terms.effect}`, { who: facts(terms, now.history.register)[0][1] }),
    effects: [...changesInWords(changes), ...means.map((key) => word("sharing", `means_${key}`))],
    yes: word("sharing", `yes_${terms.effect}`),
    ...byPin(now),
    // the dialogue ends with the right PIN; what then happens is told on the page while it happens
    act: async (pin) => {
      const hand = await openWallet(now, pin);
      takeBack(now, hand, directive);
    },
  });
}

export const changesInWords = (changes) =>
  changes.length ? changes.map((each) => each[currentLanguage()]) : [word("sharing", "no_changes")];

async function takeBack(now, hand, directive) {
  steps = [];
  receipts = [];
  answers = null; // it was true before
  showAnswers();
  at("taking-back").hidden = false;
  showSteps();
  at("taking-back-heading").focus();
  try {
    for await (const step of hand.withdraw(directive, silent)) {
      if (session !== now) return;
      steps.push(step);
      if (step.receipts) receipts.push(...step.receipts.map(({ fragments: _, ...each }) => ({ body: step.body, ...each })));
      showSteps();
    }
  } finally {
    hand.close();
  }
  await now.reload();
  if (session === now) await open(now);
}

function showSteps() {
  at("steps").replaceChildren(...steps.map((step) => element("li", { class: "step" }, stepText(step))));
  at("save-receipts").hidden = receipts.length === 0 || !steps.at(-1)?.missing;
}

function stepText({ step, body, receipts: got = [], seconds = 0, error, missing = [] }) {
  const centre = word("bodies", body ?? "medical");
  const count = got.reduce((sum, { fragments }) => sum + fragments, 0);
  const good = step === "deleted" || step === "sealed" || step === "over";
  const why = error ? explain(error)[0]() : "";
  const values = { centre, count, seconds: seconds.toFixed(2), why, bodies: words("bodies", missing) };
  return `${good ? "✓" : "✗"} ${word("sharing", `step_${step}`, values)}`;
}

function save() {
  const { missing, seconds } = steps.at(-1);
  const file = { format: WITHDRAWAL_FILE, receipts, missing, seconds };
  download(`sekisho-withdrawal-${today()}.json`, `${JSON.stringify(file, null, 1)}\n`);
  say(() => word("sharing", "receipts_saved"));
}

async function askWho() {
  const now = session;
  const complain = (message, field = null) => {
    tell("may-problem", message);
    markWrong("may-problem", MAY_FIELDS, field);
  };
  const recipient = at("may-recipient").value;
  const categories = ticked("may-category");
  const [first, last] = ["may-first", "may-last"].map((id) => numberIn(id, 1000, 9999));
  if (!recipient) return complain(() => word("permit", "fault_recipient"), "may-recipient");
  if (!categories.length) return complain(() => word("permit", "fault_category"), "may-category");
  if (first === null) return complain(() => word("permit", "fault_year"), "may-first");
  if (last === null || last < first) return complain(() => word("permit", "fault_years"), "may-last");
  complain();
  const one = at("may-professional").value.trim();
  const subject = one
    ? { type: "operator", id: one, properties: { organisation: recipient } }
    : { type: "organisation", id: recipient };
  const properties = { years: { first, last } };
  const message = {
    subject,
    action: { name: "read", properties: { purpose: at("may-purpose").value } },
    evaluations: categories.map((id) => ({ resource: { type: "records", id, properties } })),
  };
  try {
    const told = await now.person.post("medical", EVALUATIONS, message);
    if (session !== now) return;
    answers = told.evaluations.map((each, place) => ({ ...each, category: categories[place] }));
    showAnswers();
    at("may-answer-heading").focus();
  } catch (error) {
    complain(explain(error)[0]);
  }
}

function showAnswers() {
  at("may-answer").hidden = answers === null;
  at("answers").replaceChildren(
    ...(answers ?? []).map(({ category, decision, context }) => {
      const told = word("sharing", decision ? "may_yes" : "may_no", { category: word("categories", category) });
      const why = context?.reason_user?.[currentLanguage()] ?? "";
      return element("li", {}, element("strong", {}, told), element("br"), why);
    }),
  );
}
