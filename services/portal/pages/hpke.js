// Sealing to a body's key (RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM), put together from
// what WebCrypto has.

import { concat, utf8 } from "./bytes.js";

const HASH_BYTES = 32;
const KEM = Uint8Array.of(0x4b, 0x45, 0x4d, 0x00, 0x20); // "KEM", its number
const SUITE = Uint8Array.of(0x48, 0x50, 0x4b, 0x45, 0x00, 0x20, 0x00, 0x01, 0x00, 0x01); // "HPKE", the three numbers
const NOTHING = new Uint8Array();

// Returns the encapsulated key and the ciphertext in one, as `Suite.encrypt` of the gateway does.
export async function seal(publicKey, plain, info) {
  const pair = await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const other = await crypto.subtle.importKey("raw", publicKey, "X25519", false, []);
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: other }, pair.privateKey, 256);
  const prk = await extract(KEM, NOTHING, "eae_prk", new Uint8Array(shared));
  const secret = await expand(KEM, prk, "shared_secret", { info: concat(enc, publicKey), size: 32 });
  const [pskHash, infoHash] = await Promise.all([
    extract(SUITE, NOTHING, "psk_id_hash", NOTHING),
    extract(SUITE, NOTHING, "info_hash", info),
  ]);
  const context = concat(Uint8Array.of(0), pskHash, infoHash);
  const schedule = await extract(SUITE, secret, "secret", NOTHING);
  const raw = await expand(SUITE, schedule, "key", { info: context, size: 16 });
  const iv = await expand(SUITE, schedule, "base_nonce", { info: context, size: 12 });
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  return concat(enc, new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain)));
}

const extract = (suite, salt, label, material) =>
  hmac(salt.length ? salt : new Uint8Array(HASH_BYTES), concat(utf8("HPKE-v1"), suite, utf8(label), material));

// At most one block is ever needed.
async function expand(suite, prk, label, { info, size }) {
  const labelled = concat(Uint8Array.of(0, size), utf8("HPKE-v1"), suite, utf8(label), info);
  return (await hmac(prk, concat(labelled, Uint8Array.of(1)))).slice(0, size);
}

async function hmac(raw, message) {
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}
