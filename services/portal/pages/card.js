// The software card file (sekisho-card/1): reading it, and opening its authentication application with the PIN and the
// ID centre's share. The PIN and the keys stay here; the ID centre sees a proof that is worth nothing without the file.

import { concat, fromBase64, fromBase64url, hex, text, toBase64url, utf8 } from "./bytes.js";
import { parseTrust } from "./notes.js";

const FORMAT = "sekisho-card/1";
const APPLICATION = "authentication";
const SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const FEWEST_ITERATIONS = 1_000;
const MOST_ITERATIONS = 10_000_000;
const LARGEST_FILE = 1_000_000;
const WRAP_INFO = utf8("sekisho-pin-wrapping-key/1");

// `code` names the text that tells the person what to do.
export class CardError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export async function readCard(file) {
  try {
    if (file.size > LARGEST_FILE) throw new CardError("not_a_card");
    const card = JSON.parse(text(new Uint8Array(await file.arrayBuffer())));
    const held = card.applications[APPLICATION];
    const well =
      card.format === FORMAT &&
      typeof card.card === "string" &&
      Number.isInteger(card.iterations) &&
      card.iterations >= FEWEST_ITERATIONS &&
      card.iterations <= MOST_ITERATIONS &&
      typeof held.certificate === "string" &&
      Object.values(card.trust.urls).every((url) => new URL(url).protocol === "https:");
    if (!well) throw new CardError("not_a_card");
    return {
      id: card.card,
      iterations: card.iterations,
      fileSecret: exactly(SECRET_BYTES, fromBase64url(card.file_secret)),
      wrapped: fromBase64url(held.wrapped),
      kid: serialNumber(held.certificate),
      urls: card.trust.urls,
      registerKey: exactly(SECRET_BYTES, fromBase64url(card.trust.register_key)),
      trust: await parseTrust(card.trust.evidence),
    };
  } catch {
    throw new CardError("not_a_card");
  }
}

// `askShare` sends the proof to the ID centre and returns its share (base64url), or throws what the centre refused with.
export async function unlock(card, pin, askShare) {
  const stretched = await stretch(card, pin);
  const share = exactly(SECRET_BYTES, fromBase64url(await askShare(await proofRequest(card, stretched))));
  try {
    const secrets = JSON.parse(text(await unwrap(card, stretched, share)));
    return await importSigningKey(fromBase64url(secrets.key));
  } catch {
    throw new CardError("card_changed");
  }
}

async function stretch(card, pin) {
  const password = await crypto.subtle.importKey("raw", utf8(pin), "PBKDF2", false, ["deriveBits"]);
  const salt = concat(card.fileSecret, utf8(APPLICATION));
  const wanted = { name: "PBKDF2", hash: "SHA-256", salt, iterations: card.iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(wanted, password, 256));
}

async function proofRequest(card, stretched) {
  const key = await crypto.subtle.importKey("raw", stretched, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const proof = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8("proof")));
  return { card: card.id, application: APPLICATION, pin_proof: toBase64url(proof) };
}

async function unwrap(card, stretched, share) {
  const material = concat(stretched, share, card.fileSecret);
  const source = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: WRAP_INFO };
  const cipher = { name: "AES-GCM", length: 256 };
  const key = await crypto.subtle.deriveKey(derivation, source, cipher, false, ["decrypt"]);
  const opening = {
    name: "AES-GCM",
    iv: card.wrapped.slice(0, NONCE_BYTES),
    additionalData: utf8(`${FORMAT} ${card.id} ${APPLICATION}`),
  };
  return new Uint8Array(await crypto.subtle.decrypt(opening, key, card.wrapped.slice(NONCE_BYTES)));
}

function importSigningKey(der) {
  return crypto.subtle.importKey("pkcs8", der, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

function exactly(size, bytes) {
  if (bytes.length !== size) throw new CardError("not_a_card");
  return bytes;
}

// The certificate's serial number, hexadecimal without leading zeros: how the ID centre knows the card's key (X.509:
// Certificate > TBSCertificate > [0] version, serialNumber).
function serialNumber(pem) {
  const der = fromBase64(pem.replace(/-----(BEGIN|END) CERTIFICATE-----/g, "").replace(/\s/g, ""));
  const certificate = element(der, 0, 0x30);
  let at = element(der, certificate.start, 0x30).start;
  if (der[at] === 0xa0) at = element(der, at, 0xa0).end;
  const serial = element(der, at, 0x02);
  return hex(der.slice(serial.start, serial.end)).replace(/^0+(?=.)/, "");
}

function element(der, at, tag) {
  if (der[at] !== tag) throw new CardError("not_a_card");
  const short = der[at + 1];
  const more = short < 0x80 ? 0 : short & 0x7f;
  let size = more ? 0 : short;
  for (const value of der.slice(at + 2, at + 2 + more)) size = size * 256 + value;
  const start = at + 2 + more;
  if (start + size > der.length) throw new CardError("not_a_card");
  return { start, end: start + size };
}
