// Signed texts of wallets and bodies: compact JWS over canonical JSON (RFC 7515, RFC 8785), Ed25519 only.

import { canonical, fromBase64url, sha256, text, toBase64url, utf8 } from "./bytes.js";
import { verifyEd25519 } from "./notes.js";

const ALGORITHM = "Ed25519";
export const DIRECTIVE = "sekisho-directive+jws";
export const WITHDRAWAL = "sekisho-withdrawal+jws";

export class SignedTextError extends Error {}

// RFC 7638.
export const thumbprint = async ({ crv, kty, x }) => toBase64url(await sha256(utf8(canonical({ crv, kty, x }))));

// `wallet` is what `openWallet` returns.
export async function sign(wallet, typ, payload) {
  const header = canonical({ alg: ALGORITHM, kid: await thumbprint(wallet.jwk), typ });
  const signed = `${toBase64url(utf8(header))}.${toBase64url(utf8(canonical(payload)))}`;
  const signature = await crypto.subtle.sign(ALGORITHM, wallet.key, utf8(signed));
  return `${signed}.${toBase64url(new Uint8Array(signature))}`;
}

// Returns the payload. `kid` null: the signer is a body, which the register names, and not a thumbprint.
export async function verify(jws, typ, jwk, { kid = thumbprint(jwk) } = {}) {
  try {
    const [header, payload, signature, ...rest] = jws.split(".");
    const told = JSON.parse(text(fromBase64url(header)));
    const named = await kid;
    const right = told.typ === typ && told.alg === ALGORITHM && (named === null || told.kid === named);
    const raw = fromBase64url(signature);
    const good = await verifyEd25519(fromBase64url(jwk.x), raw, utf8(`${header}.${payload}`));
    if (right && good && rest.length === 0) return read(jws);
  } catch {
    // of no form at all
  }
  throw new SignedTextError("not verified");
}

// What a signed text says, not verified.
export const read = (jws) => JSON.parse(text(fromBase64url(jws.split(".")[1])));
