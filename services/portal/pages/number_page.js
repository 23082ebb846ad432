// The page about the personal number: shown when asked for, changed with the card's PIN.

import { unlock } from "./card.js";
import { askShare, Person } from "./centres.js";
import { ask } from "./confirm.js";
import { at, say, tell } from "./elements.js";
import { explain } from "./explain.js";
import { word } from "./words.js";

const EFFECTS = ["effect_old", "effect_linked", "effect_told", "effect_history"];
let session = null;
let number = null;

export function start() {
  at("show-number").addEventListener("click", () => (number === null ? reveal() : hide()));
  at("change-number").addEventListener("click", askToChange);
}

export async function open(now) {
  session = now;
  number = null;
  tell("number-problem");
  show();
}

export function show() {
  if (session === null) return;
  at("own-number").textContent =
    number === null ? "" : word("number", "number_is", { number: number.replace(/(\d{4})(?=\d)/g, "$1 ") });
  at("show-number").textContent = word("number", number === null ? "show" : "hide");
  at("change-number").hidden = session.card === null;
  at("number-without-card").hidden = session.card !== null;
}

export function forget() {
  session = number = null;
  at("own-number").replaceChildren();
  tell("number-problem");
}

async function reveal() {
  const now = session;
  tell("number-problem");
  try {
    const told = await now.person.get("identity", "/number");
    if (session !== now) return;
    number = told.personal_number;
    show();
  } catch (error) {
    tell("number-problem", explain(error)[0]);
  }
}

function hide() {
  number = null;
  show();
}

function askToChange() {
  const now = session;
  ask({
    title: word("number", "change_title"),
    effects: EFFECTS.map((key) => word("number", key)),
    yes: word("number", "change_yes"),
    pin: word("page", "pin_label"),
    hint: now.card.applications.authentication.hint,
    act: async (pin) => {
      // the PIN opens the card anew: a page that was left open changes nothing
      const holder = await Person.byCard(now.card, await unlock(now.card, pin, askShare));
      const told = await holder.post("identity", "/number", {});
      if (session !== now) return;
      number = told.personal_number;
      await now.reload();
      show();
      say(() => word("number", "changed"));
    },
  });
}
