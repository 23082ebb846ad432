// The file that a guardian keeps for a ward (sekisho-ward/1): which guardianship, and the ward's wallet, which only the
// guardian's own wallet opens. Both seeds are here only while something is done; who acts signs beside the ward's wallet (G2).

import { canonical, fromBase64url, sha256, text, toBase64url, utf8 } from "./bytes.js";
import { CardError } from "./card.js";
import { PROXIES } from "./delegation.js";
import { open } from "./hpke.js";
import { sign } from "./jws.js";
import { derive, signerOf } from "./wallet.js";

const FORMAT = "sekisho-ward/1";
const WARDS = "sekisho-wallet-wards/1";
const GUARDIAN = "sekisho-wallet-guardian/1/";
const GUARDIAN_SIGNATURE = "sekisho-guardian-signature+jws";
const INFO = utf8("sekisho/ward-wallet");
const SEED_BYTES = 32;
const LARGEST_FILE = 100_000;

export async function readWardFile(file) {
  try {
    if (file.size > LARGEST_FILE) throw new CardError("not_a_ward");
    const { format, guardianship, capacity, sealed } = JSON.parse(text(new Uint8Array(await file.arrayBuffer())));
    if (format !== FORMAT || typeof guardianship !== "string" || typeof capacity !== "string") throw new CardError("not_a_ward");
    return { guardianship, capacity, sealed: fromBase64url(sealed) };
  } catch {
    throw new CardError("not_a_ward");
  }
}

// Returns the ward's seed; `seed` is the guardian's own.
export async function openWard(seed, { sealed }) {
  try {
    const opened = await open(await derive(seed, WARDS), sealed, INFO);
    if (opened.length === SEED_BYTES) return opened;
  } catch {
    // sealed to somebody else's wallet, or damaged
  }
  throw new CardError("ward_not_yours");
}

// Returns what signs terms for one body, in the guardian's capacity, with the key that this body knows for this ward.
export async function signsAsGuardian(seed, { guardianship, capacity }) {
  const keys = await Promise.all(
    PROXIES.map(async (body) => [body, await signerOf(await derive(seed, `${GUARDIAN}${guardianship}/${body}`))]),
  );
  const own = Object.fromEntries(keys);
  return async (body, person, terms) => {
    const digest = toBase64url(await sha256(utf8(canonical(terms))));
    return { capacity, proof: await sign(own[body], GUARDIAN_SIGNATURE, { body, person, capacity, terms: digest }) };
  };
}
