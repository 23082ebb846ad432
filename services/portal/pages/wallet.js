// What the wallet on the card signs here: that a permission for the registry's basic items has ended. The seed and the key
// made from it are gone when this returns.

import { canonical, concat, fromBase64url, sha256, text, toBase64url, utf8 } from "./bytes.js";
import { CentreError } from "./centres.js";
import { verifyEd25519 } from "./notes.js";

const SIGNING = "sekisho-wallet-signing/1/";
const DIRECTIVE = "sekisho-directive+jws";
const WITHDRAWAL = "sekisho-withdrawal+jws";
const RECEIPT = "sekisho-deletion-receipt+jws";
const ALGORITHM = "Ed25519";
// RFC 8410, section 7: what stands before the 32 bytes of an Ed25519 key
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

// What a directive says, not verified: only the open wallet knows its own key.
export function readDirective(jws) {
  return JSON.parse(text(fromBase64url(jws.split(".")[1])));
}

// W1: sign the withdrawal of a body's copy. A copy that this wallet did not sign is not withdrawn but reported.
export async function withdraw(seed, body, jws) {
  const wallet = await openWallet(seed, body);
  const directive = await verified(jws, DIRECTIVE, wallet.jwk);
  if (directive.body !== body) throw new CentreError(body, "not_verified");
  const at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const payload = { directive: directive.id, body, person: directive.person, at };
  const header = canonical({ alg: ALGORITHM, kid: await thumbprint(wallet.jwk), typ: WITHDRAWAL });
  const signed = `${toBase64url(utf8(header))}.${toBase64url(utf8(canonical(payload)))}`;
  const signature = await crypto.subtle.sign(ALGORITHM, wallet.key, utf8(signed));
  return `${signed}.${toBase64url(new Uint8Array(signature))}`;
}

// W3: the body's word that its copy is deleted; `key` is the body's in the register.
export async function verifyReceipt(jws, { body, directive, key }) {
  const told = await verified(jws, RECEIPT, key, { kid: null });
  if (told.body !== body || told.directive !== directive) throw new CentreError(body, "not_verified");
}

async function verified(jws, typ, jwk, { kid = thumbprint(jwk) } = {}) {
  const [header, payload, signature] = jws.split(".");
  const told = JSON.parse(text(fromBase64url(header)));
  const named = await kid;
  const right = told.typ === typ && told.alg === ALGORITHM && (named === null || told.kid === named);
  const good = await verifyEd25519(fromBase64url(jwk.x), fromBase64url(signature), utf8(`${header}.${payload}`));
  if (!right || !good) throw new CentreError("registry", "not_verified");
  return JSON.parse(text(fromBase64url(payload)));
}

async function openWallet(seed, body) {
  const source = await crypto.subtle.importKey("raw", seed, "HKDF", false, ["deriveBits"]);
  const wanted = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(SIGNING + body) };
  const secret = new Uint8Array(await crypto.subtle.deriveBits(wanted, source, 256));
  // exportable, as nothing else tells its public part
  const key = await crypto.subtle.importKey("pkcs8", concat(PKCS8, secret), ALGORITHM, true, ["sign"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", key);
  return { key, jwk: { crv, kty, x } };
}

// RFC 7638.
const thumbprint = async ({ crv, kty, x }) => toBase64url(await sha256(utf8(canonical({ crv, kty, x }))));
