// The wallet on the card: its keys, made from the seed where they are needed, and what it signs here. The seed and the keys
// made from it are gone when whoever asked for them is done.

import { concat, fromBase64url, utf8 } from "./bytes.js";
import { CentreError } from "./centres.js";
import { DIRECTIVE, read, sign, SignedTextError, verify, WITHDRAWAL } from "./jws.js";

const SIGNING = "sekisho-wallet-signing/1/";
const RECEIPT = "sekisho-deletion-receipt+jws";
// RFC 8410, section 7: what stands before the 32 bytes of an Ed25519 key
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

// What a directive says, not verified: only the open wallet knows its own key.
export const readDirective = read;

// W1: sign the withdrawal of a body's copy. A copy that this wallet did not sign is not withdrawn but reported.
export async function withdraw(seed, body, jws) {
  const wallet = await openWallet(seed, body);
  const directive = await verified(body, verify(jws, DIRECTIVE, wallet.jwk));
  if (directive.body !== body) throw new CentreError(body, "not_verified");
  const payload = { directive: directive.id, body, person: directive.person, at: instant() };
  return sign(wallet, WITHDRAWAL, payload);
}

// W3: the body's word that its copy is deleted; `key` is the body's in the register.
export async function verifyReceipt(jws, { body, directive, key }) {
  const told = await verified(body, verify(jws, RECEIPT, key, { kid: null }));
  if (told.body !== body || told.directive !== directive) throw new CentreError(body, "not_verified");
  return told;
}

// What `body` shows as signed has to be so: else it is that body that lies.
export async function verified(body, checking) {
  try {
    return await checking;
  } catch (error) {
    if (error instanceof SignedTextError) throw new CentreError(body, "not_verified");
    throw error;
  }
}

// As `consent.instants` writes it: whole seconds, UTC.
export const instant = (milliseconds = Date.now()) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");

// One 32-byte secret for each label.
export async function derive(seed, label) {
  const source = await crypto.subtle.importKey("raw", seed, "HKDF", false, ["deriveBits"]);
  const wanted = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(label) };
  return new Uint8Array(await crypto.subtle.deriveBits(wanted, source, 256));
}

// The key that signs what is sent to one body; no other body ever sees its public part.
export const openWallet = async (seed, body) => signerOf(await derive(seed, SIGNING + body));

// What signs with the Ed25519 key of 32 bytes.
export async function signerOf(secret) {
  // exportable, as nothing else tells its public part
  const key = await crypto.subtle.importKey("pkcs8", concat(PKCS8, secret), "Ed25519", true, ["sign"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", key);
  return { key, jwk: { crv, kty, x }, publicKey: fromBase64url(x) };
}
