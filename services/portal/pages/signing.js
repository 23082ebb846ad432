// Doing something with the open wallet: the PIN of the signature application is asked for each time, and the seed is gone
// when it is done.

import { fromBase64url } from "./bytes.js";
import { openApplication } from "./card.js";
import { askShare, CentreError } from "./centres.js";
import { openHand } from "./directives.js";
import { openWard, signsAsGuardian } from "./ward_file.js";
import { word } from "./words.js";

// What a question needs so that the PIN of the signature application is asked for.
export const byPin = ({ card }) => ({
  pin: word("cards", "pin_signature"),
  hint: card.applications.signature.hint,
});

// Returns the seed of the wallet that is looked into or signs: the person's own, or the ward's out of the file; for the caller
// to wipe.
export async function seedOf({ card, ward }, pin) {
  const { secrets } = await openApplication(card, "signature", pin, askShare);
  const own = fromBase64url(secrets.seed);
  if (!ward) return own;
  try {
    return await openWard(own, ward.file);
  } finally {
    own.fill(0);
  }
}

export async function open({ person, card, history, ward }, pin) {
  if (!history.register.signingKeys.has("medical")) throw new CentreError("oversight", "old_browser");
  const { secrets } = await openApplication(card, "signature", pin, askShare);
  const own = fromBase64url(secrets.seed);
  if (!ward) return openHand(person, history.register, own);
  try {
    return await openHand(person, history.register, await openWard(own, ward.file), await signsAsGuardian(own, ward.file));
  } finally {
    own.fill(0);
  }
}

export async function withHand(now, pin, work) {
  const hand = await open(now, pin);
  try {
    return await work(hand);
  } finally {
    hand.close();
  }
}
