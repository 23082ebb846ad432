// The page about banks: what they may ask, what they were told, and the end of a permission.

import { fromBase64url } from "./bytes.js";
import { openApplication } from "./card.js";
import { askShare, CentreError } from "./centres.js";
import { ask } from "./confirm.js";
import { at, button, card, day, download, list, say, tell, today } from "./elements.js";
import { explain } from "./explain.js";
import { fill, named } from "./table.js";
import { readDirective, verifyReceipt, withdraw } from "./wallet.js";
import { word } from "./words.js";

const BODY = "registry";
const TABLES = {
  "banks-asked": new Set(["confirmation"]),
  "banks-told": new Set(["items_disclosed", "account_consent_checked"]),
};
let session = null;
let permissions = [];
const receipts = new Map();

export async function open(now) {
  session = now;
  tell("banks-problem");
  try {
    const { directives } = await now.person.get(BODY, "/directives");
    permissions = directives
      .map((each) => ({ ...each, ...readDirective(each.jws) }))
      .sort((one, other) => (one.issued_at < other.issued_at ? 1 : -1));
  } catch (error) {
    permissions = [];
    tell("banks-problem", explain(error)[0]);
  }
  if (session === now) show();
}

export function show() {
  if (session === null) return;
  const { entries, register } = session.history;
  at("no-permissions").hidden = permissions.length > 0 || at("banks-problem").textContent !== "";
  at("banks-without-card").hidden = session.card !== null;
  at("permissions").replaceChildren(...permissions.map(line));
  for (const [table, kinds] of Object.entries(TABLES)) {
    fill(table, entries.filter(({ event }) => kinds.has(event.kind)), register);
  }
}

export function forget() {
  session = null;
  permissions = [];
  receipts.clear();
  at("permissions").replaceChildren();
  for (const table of Object.keys(TABLES)) at(table).tBodies[0].replaceChildren();
  tell("banks-problem");
}

function line(permission) {
  const { terms, state } = permission;
  const { items, contract, reasons = [] } = terms.scope;
  const bank = whom(terms);
  const words = (group, codes) => list(codes.map((code) => word(group, code) ?? code));
  const facts = [
    [word("banks", "items"), words("categories", items)],
    [word("banks", "contract"), contract ?? word("banks", "any_contract")],
    [word("banks", "reasons"), reasons.length ? words("asking", reasons) : word("banks", "any_reason")],
    [word("banks", "period"), word("banks", "from_until", { from: day(terms.valid_from), until: day(terms.valid_until) })],
    [word("banks", "state"), word("banks", `state_${state}`)],
  ];
  const { frequency } = terms.conditions ?? {};
  if (frequency) facts.push([word("banks", "how_often"), word("banks", `per_${frequency.unit}`, { times: frequency.times })]);
  return card(word("banks", terms.effect, { bank }), facts, ...actions(permission, bank));
}

// A refusal may be for everybody; both may be for one role, or for one professional.
function whom({ recipient, role, professional }) {
  const bank = recipient === undefined ? word("banks", "everybody") : named(recipient, session.history.register);
  const within = role === undefined ? professional : (word("roles", role) ?? role);
  return within === undefined ? bank : word("banks", "within", { bank, within });
}

function actions({ id, jws, state, terms }, bank) {
  const contract = terms.scope.contract ?? word("banks", "any_contract");
  if (receipts.has(id)) {
    const text = word("banks", "save_receipt");
    return [button(text, `${text}: ${bank}, ${contract}`, () => saveReceipt(id))];
  }
  if (state !== "active" || session.card === null) return [];
  const text = word("banks", `end_${terms.effect}`);
  return [button(text, `${text}: ${bank}, ${contract}`, () => askToEnd({ id, jws, effect: terms.effect }, { bank, contract }))];
}

function askToEnd({ id, jws, effect }, values) {
  const now = session;
  ask({
    title: word("banks", `end_title_${effect}`, values),
    effects: [`end_effect_${effect}`, "end_effect_known", "end_effect_receipt"].map((key) => word("banks", key, values)),
    yes: word("banks", `yes_${effect}`),
    pin: word("cards", "pin_signature"),
    hint: now.card.applications.signature.hint,
    act: async (pin) => {
      const key = now.history.register.signingKeys.get(BODY);
      if (key === undefined) throw new CentreError("oversight", "old_browser");
      const { secrets } = await openApplication(now.card, "signature", pin, askShare);
      const withdrawal = await withdraw(fromBase64url(secrets.seed), BODY, jws);
      const { receipt } = await now.person.post(BODY, "/withdrawals", { withdrawal });
      await verifyReceipt(receipt, { body: BODY, directive: id, key });
      if (session !== now) return;
      receipts.set(id, { withdrawal, receipt });
      await now.reload();
      await open(now);
      say(() => word("banks", "ended"));
    },
  });
}

function saveReceipt(id) {
  download(`sekisho-receipt-${today()}.json`, `${JSON.stringify(receipts.get(id), null, 1)}\n`);
  say(() => word("banks", "receipt_saved"));
}
