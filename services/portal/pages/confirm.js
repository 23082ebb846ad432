// Asking before something is done that the person cannot take back: what it means is said first, and where the card is
// needed its PIN is asked for, each time.

import { at, element, markWrong, tell } from "./elements.js";
import { explain } from "./explain.js";
import { word } from "./words.js";

let acting = null;

export function startConfirming() {
  at("confirm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  at("confirm-no").addEventListener("click", () => at("confirm").close());
  at("confirm").addEventListener("cancel", (event) => {
    if (at("confirm-yes").disabled) event.preventDefault();
  });
  at("confirm").addEventListener("close", forgetQuestion);
}

// `effects` are the texts of what it means; `pin` is the text of the PIN's field, or null; `act` gets the PIN and throws
// what went wrong, which is said in the dialogue; `hint` is for that PIN.
export function ask({ title, effects, yes, pin = null, hint = null, act }) {
  acting = { act, pin, hint };
  at("confirm-heading").textContent = title;
  at("confirm-effects").replaceChildren(...effects.map((each) => element("li", {}, each)));
  at("confirm-for").textContent = at("acting-who").textContent;
  at("confirm-for").hidden = at("confirm-for").textContent === "";
  at("confirm-yes").textContent = yes;
  at("confirm-pin-field").hidden = pin === null;
  at("confirm-pin-label").textContent = pin ?? "";
  complain();
  at("confirm").showModal();
  at(pin === null ? "confirm-no" : "confirm-pin").focus();
}

export const stopAsking = () => at("confirm").close();

async function run() {
  const { act, pin, hint } = acting;
  const typed = at("confirm-pin").value;
  if (pin !== null && !typed) return complain(() => word("errors", "no_pin"), "confirm-pin");
  complain();
  at("confirm-yes").disabled = true;
  try {
    await act(typed);
    at("confirm").close();
  } catch (error) {
    const [message, field] = explain(error, { hint });
    complain(message, field === "pin" ? "confirm-pin" : null);
  } finally {
    at("confirm-pin").value = "";
    at("confirm-yes").disabled = false;
  }
}

function complain(message, field = null) {
  tell("confirm-problem", message);
  markWrong("confirm-problem", ["confirm-pin"], field);
}

function forgetQuestion() {
  acting = null;
  at("confirm-pin").value = "";
  complain();
}
