// Sealing to a key, and opening (RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM), put together from
// what WebCrypto has.

import { concat, fromBase64url, utf8 } from "./bytes.js";

const HASH_BYTES = 32;
const KEM = Uint8Array.of(0x4b, 0x45, 0x4d, 0x00, 0x20); // "KEM", its number
const SUITE = Uint8Array.of(0x48, 0x50, 0x4b, 0x45, 0x00, 0x20, 0x00, 0x01, 0x00, 0x01); // "HPKE", the three numbers
const NOTHING = new Uint8Array();
// RFC 8410, section 7: what stands before the 32 bytes of an X25519 key
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);
const KEY_BYTES = 32;

// Returns the encapsulated key and the ciphertext in one, as `Suite.encrypt` of the gateway does.
export async function seal(publicKey, plain, info) {
  const pair = await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const other = await crypto.subtle.importKey("raw", publicKey, "X25519", false, []);
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: other }, pair.privateKey, 256);
  const { key, iv } = await schedule(shared, concat(enc, publicKey), info);
  return concat(enc, new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain)));
}

// The other way: `secret` are the 32 bytes of the key that it was sealed to. Throws when it was not.
export async function open(secret, sealed, info) {
  // exportable, as nothing else tells its public part
  const own = await crypto.subtle.importKey("pkcs8", concat(PKCS8, secret), "X25519", true, ["deriveBits"]);
  const publicKey = fromBase64url((await crypto.subtle.exportKey("jwk", own)).x);
  const enc = sealed.slice(0, KEY_BYTES);
  const other = await crypto.subtle.importKey("raw", enc, "X25519", false, []);
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: other }, own, 256);
  const { key, iv } = await schedule(shared, concat(enc, publicKey), info);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed.slice(KEY_BYTES)));
}

async function schedule(shared, context, info) {
  const prk = await extract(KEM, NOTHING, "eae_prk", new Uint8Array(shared));
  const secret = await expand(KEM, prk, "shared_secret", { info: context, size: 32 });
  const [pskHash, infoHash] = await Promise.all([
    extract(SUITE, NOTHING, "psk_id_hash", NOTHING),
    extract(SUITE, NOTHING, "info_hash", info),
  ]);
  const bound = concat(Uint8Array.of(0), pskHash, infoHash);
  const made = await extract(SUITE, secret, "secret", NOTHING);
  const raw = await expand(SUITE, made, "key", { info: bound, size: 16 });
  const iv = await expand(SUITE, made, "base_nonce", { info: bound, size: 12 });
  return { key: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]), iv };
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
