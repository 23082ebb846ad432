// The wallets that came before the present one, as both wallets each time have signed (`consent.succession`).

import { canonical } from "./bytes.js";
import { read, SignedTextError, thumbprint, verify } from "./jws.js";

const SUCCESSION = "sekisho-wallet-succession+jws";
const RENEWAL = "sekisho-wallet-renewal+jws";

// The public keys before `current` at one body, newest first; `renewals` are told oldest first.
export async function lineage(current, renewals, body) {
  const found = [];
  let key = current;
  for (const token of renewals.toReversed()) {
    const announced = read(token).succession;
    const succession = await verify(announced, SUCCESSION, read(announced).former);
    await verify(token, RENEWAL, succession.successor);
    if (succession.body !== body || canonical(succession.successor) !== canonical(key)) {
      throw new SignedTextError("another wallet's");
    }
    key = succession.former;
    found.push({ jwk: key, subject: await thumbprint(key) });
  }
  return found;
}
