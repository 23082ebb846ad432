// Changing a PIN that its holder knows (C1 to C4 of docs/cards.md). The card file is written anew, by the browser's
// downloads; until the new file is opened with the new PIN, the old one and its PIN stay good.

import { openApplication, proofRequest, stretch, wrap } from "./card.js";
import { fromBase64url, sha256, toBase64url } from "./bytes.js";

// Returns the text of the new card file. `ask` has `share` (a try of a PIN) and `change`.
export async function changePin(card, { application, present, following, hint }, ask) {
  const { plain } = await openApplication(card, application, present, ask.share); // C1
  const [former, next] = [await stretch(card, application, present), await stretch(card, application, following)];
  const proofs = [await proofRequest(card, application, former), await proofRequest(card, application, next)];
  const verifier = toBase64url(await sha256(fromBase64url(proofs[1].pin_proof)));
  const share = await ask.change({ ...proofs[0], pin_verifier: verifier }); // C2
  const wrapped = await wrap(card, application, { stretched: next, share, plain });
  const told = structuredClone(card.file);
  Object.assign(told.applications[application], { wrapped: toBase64url(wrapped), hint: hint || null });
  return `${JSON.stringify(told, null, 1)}\n`; // C3
}

// C4: the first try with the next PIN puts it in force.
export const putInForce = (card, application, pin, ask) => openApplication(card, application, pin, ask.share);
