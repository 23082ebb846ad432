// The page about the card: where it stands, another PIN, stopping it, what to do when it is lost.

import { APPLICATIONS, readCard } from "./card.js";
import { changePin, putInForce } from "./card_pins.js";
import { askPinChange, askShare, suspendByCode } from "./centres.js";
import { ask } from "./confirm.js";
import { at, card as listed, day, download, element, epochDay, markWrong, say, tell, today } from "./elements.js";
import { explain } from "./explain.js";
import { hintRule, PIN_RULES } from "./pin_rules.js";
import { word } from "./words.js";

const DAY = 86_400_000;
const SOON_DAYS = 90;
const CHANGE_FIELDS = ["pin-present", "pin-next", "pin-again", "pin-new-hint"];
const FORCE_FIELDS = ["new-card", "new-pin"];
const TO_CENTRE = { share: askShare, change: askPinChange };
let session = null;
let standing = null;
let leave = null;

export function start(leaving) {
  leave = leaving;
  at("change-pin").addEventListener("submit", (event) => {
    event.preventDefault();
    change();
  });
  at("force-pin").addEventListener("submit", (event) => {
    event.preventDefault();
    force();
  });
  at("which-pin").addEventListener("change", showRule);
  at("stop-card").addEventListener("click", askToStop);
  at("new-code").addEventListener("click", newCode);
}

export async function open(now) {
  session = now;
  tell("cards-problem");
  try {
    standing = await now.person.get("identity", "/cards/own");
  } catch (error) {
    standing = null;
    tell("cards-problem", explain(error)[0]);
  }
  if (session === now) show();
}

export function show() {
  if (session === null) return;
  at("card-state").textContent = standing === null ? "" : stateText();
  at("applications").replaceChildren(...(standing === null ? [] : APPLICATIONS.map(application)));
  at("recovery-state").textContent = recoveryText();
  for (const id of ["change-pin", "force-pin"]) at(id).hidden = session.card === null;
  at("change-without-card").hidden = session.card !== null;
  for (const id of ["stop-card", "new-code"]) at(id).disabled = standing?.state !== "active";
  showRule();
}

export function forget() {
  session = standing = null;
  for (const id of ["applications", "card-state", "recovery-state"]) at(id).replaceChildren();
  for (const id of ["cards-problem", "change-problem", "force-problem", "code-told"]) tell(id);
  for (const id of ["change-pin", "force-pin"]) at(id).reset();
}

function stateText() {
  const left = Math.floor((standing.expires * 1000 - Date.now()) / DAY);
  const told = word("cards", `state_${standing.state}`, { until: epochDay(standing.expires) });
  return left > SOON_DAYS ? told : `${told} ${word("cards", "ends_soon", { days: Math.max(left, 0) })}`;
}

function application(name) {
  const { tries_left: tries, kid } = standing.applications[name];
  const held = session.card?.applications[name];
  const facts = [
    [word("cards", "tries"), tries > 0 ? String(tries) : word("cards", "locked")],
    [word("cards", "certificate"), element("code", {}, kid)],
  ];
  if (held?.kid === kid) {
    facts.push([word("cards", "certificate_until"), day(held.until)]);
    facts.push([word("cards", "hint"), held.hint ?? word("cards", "no_hint")]);
  }
  return listed(word("cards", name), facts);
}

// What the history proves about the parts of the wallet; nothing is said where a keeper's history is missing.
function recoveryText() {
  const { answers, entries } = session.history;
  const laid = entries.find(({ event }) => event.kind === "recovery_laid_down" && event.outcome === "done");
  if (laid) return word("cards", "recovery_laid", { date: day(laid.at) });
  return answers.some(({ error }) => error) ? "" : word("cards", "recovery_none");
}

const showRule = () => {
  at("pin-next-hint").textContent = word("cards", `rule_${at("which-pin").value}`);
};

async function change() {
  const [present, following, again, hint] = CHANGE_FIELDS.map((id) => at(id).value);
  const name = at("which-pin").value;
  const wrong = wrongEntry({ name, present, following, again, hint });
  complain("change-problem", CHANGE_FIELDS, wrong && (() => word("errors", wrong[0])), wrong?.[1]);
  if (wrong) return;
  await work("change-pin", async (now) => {
    const wanted = { application: name, present, following, hint };
    const file = await changePin(now.card, wanted, TO_CENTRE);
    if (session !== now) return;
    download(`sekisho-card-${today()}.json`, file);
    at("change-pin").reset();
    at("which-pin").value = name;
    showRule();
    say(() => word("cards", "changed_saved"));
    at("new-card").focus();
  }, (error) => {
    const [message, field] = explain(error, { hint: session?.card?.applications[name].hint });
    complain("change-problem", CHANGE_FIELDS, message, field === "pin" ? "pin-present" : null);
  });
}

// Returns [what is wrong, the field], or null.
function wrongEntry({ name, present, following, again, hint }) {
  if (!present) return ["no_pin", "pin-present"];
  const rule = PIN_RULES[name](following);
  if (rule !== null) return [rule, "pin-next"];
  if (following !== again) return ["pin_not_again", "pin-again"];
  const told = hint ? hintRule(hint, following) : null;
  return told === null ? null : [told, "pin-new-hint"];
}

async function force() {
  const [file, pin] = [at("new-card").files[0], at("new-pin").value];
  if (!file) return complain("force-problem", FORCE_FIELDS, () => word("errors", "no_file"), "new-card");
  if (!pin) return complain("force-problem", FORCE_FIELDS, () => word("errors", "no_pin"), "new-pin");
  complain("force-problem", FORCE_FIELDS);
  await work("force-pin", async (now) => {
    const changed = await readCard(file);
    await putInForce(changed, at("which-pin").value, pin, TO_CENTRE);
    if (session !== now) return;
    now.card = changed;
    at("force-pin").reset();
    await now.reload();
    await open(now);
    say(() => word("cards", "changed_in_force"));
  }, (error) => {
    const [message, field] = explain(error);
    complain("force-problem", FORCE_FIELDS, message, { pin: "new-pin", card: "new-card" }[field] ?? null);
  });
}

function complain(id, fields, message, field = null) {
  tell(id, message || undefined);
  markWrong(id, fields, field);
}

async function work(form, act, failed) {
  const press = at(form).querySelector("button[type=submit]");
  press.disabled = true;
  try {
    await act(session);
  } catch (error) {
    failed(error);
  } finally {
    press.disabled = false;
  }
}

// With a passkey, too: whoever has lost the card has no PIN to give, and stopping it gives nobody anything.
function askToStop() {
  const now = session;
  ask({
    title: word("cards", "stop_title"),
    effects: ["stop_effect_all", "stop_effect_stay", "stop_effect_counter", "stop_effect_code"].map((key) =>
      word("cards", key),
    ),
    yes: word("cards", "stop"),
    act: async () => {
      const { suspension_code: code } = await now.person.post("identity", "/cards/suspension-codes", {});
      await suspendByCode(code);
      leave(() => word("cards", "stopped"));
    },
  });
}

async function newCode() {
  tell("code-told");
  try {
    const { suspension_code: code } = await session.person.post("identity", "/cards/suspension-codes", {});
    tell("code-told", () => word("cards", "code_told", { code }));
    await session.reload();
  } catch (error) {
    tell("cards-problem", explain(error)[0]);
  }
}
