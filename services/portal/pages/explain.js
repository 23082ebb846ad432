// What went wrong, in the person's words, with what to do next.

import { CardError } from "./card.js";
import { CentreError } from "./centres.js";
import { PasskeyError } from "./passkeys.js";
import { word } from "./words.js";

const AS_THEY_ARE = new Set([
  "portal_down",
  "session_required",
  "bad_answer",
  "too_many_tries",
  "no_card",
  "not_verified",
  "malformed_request",
  "forbidden",
  "old_browser",
  "not_found",
  "no_umbral",
  "no_compartments",
  "no_relay",
  "recipient_not_accredited",
  "receipt_not_yet",
  "staff_too_many_cases",
  "staff_entry_not_proven",
]);

// what the rule table of guardians says
const RULES = new Set([
  "guardian_required",
  "assent_required",
  "person_decides",
  "guardianship_ended",
  "guardian_unknown",
  "person_deceased",
]);

// Returns [text, field]: what to tell the person, and which of "card" and "pin" it is about. `hint` is what the card
// file says about its PIN, `byPasskey` whether that is how the person signs in.
export function explain(error, { hint = null, byPasskey = false } = {}) {
  const plain = (code, values, field = null) => [() => word("errors", code, values), field];
  if (error instanceof CardError) return plain(error.code, {}, "card");
  if (error instanceof PasskeyError) return plain(error.code);
  if (!(error instanceof CentreError)) return plain("bad_answer");
  const { body, code, members } = error;
  const centre = () => word("bodies", members.body ?? body);
  if (code === "wrong_pin" && members.tries_left !== 0) return [() => wrongPin(members.tries_left, hint), "pin"];
  if (code === "wrong_pin" || code === "pin_locked") return plain("pin_locked", {}, "pin");
  if (code === "unavailable") return [() => word("errors", "centre_down", { centre: centre() }), null];
  if (code === "invalid_grant" && byPasskey) return plain("passkey_refused_here");
  if (code === "invalid_grant" || code === "card_not_usable") return plain("card_refused", {}, "card");
  if (code === "invalid_dpop_proof") return plain("clock");
  if (code === "invalid_token") return plain("session_required");
  if (AS_THEY_ARE.has(code)) return plain(code);
  if (RULES.has(code)) return [() => word("reasons", code), null];
  return [() => word("errors", "refused", { centre: centre(), code }), null];
}

function wrongPin(tries, hint) {
  const key = !Number.isInteger(tries) ? "wrong_pin" : tries === 1 ? "last_try" : "tries_left";
  const wrong = word("errors", key, { tries });
  return hint === null ? wrong : `${wrong} ${word("errors", "hint", { hint })}`;
}
