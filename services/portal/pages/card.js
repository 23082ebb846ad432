// The software card file (sekisho-card/1): reading it, and opening one of its applications with the PIN and the ID
// centre's share. The PIN and the keys stay here; the ID centre sees a proof that is worth nothing without the file.

import { concat, fromBase64, fromBase64url, hex, text, toBase64url, utf8 } from "./bytes.js";
import { parseTrust } from "./notes.js";

export const APPLICATIONS = ["authentication", "signature"];
const FORMAT = "sekisho-card/1";
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
    const well =
      card.format === FORMAT &&
      typeof card.card === "string" &&
      Number.isInteger(card.iterations) &&
      card.iterations >= FEWEST_ITERATIONS &&
      card.iterations <= MOST_ITERATIONS &&
      Object.values(card.trust.urls).every((url) => new URL(url).protocol === "https:");
    if (!well) throw new CardError("not_a_card");
    return {
      id: card.card,
      iterations: card.iterations,
      fileSecret: exactly(SECRET_BYTES, fromBase64url(card.file_secret)),
      applications: Object.fromEntries(APPLICATIONS.map((name) => [name, readApplication(card.applications[name])])),
      urls: card.trust.urls,
      registerKey: exactly(SECRET_BYTES, fromBase64url(card.trust.register_key)),
      trust: await parseTrust(card.trust.evidence),
      file: card,
    };
  } catch {
    throw new CardError("not_a_card");
  }
}

function readApplication({ certificate, wrapped, hint = null }) {
  if (typeof certificate !== "string" || !(hint === null || typeof hint === "string")) throw new CardError("not_a_card");
  return { wrapped: fromBase64url(wrapped), hint, ...readCertificate(certificate) };
}

// Opens the authentication application. `askShare` sends the proof to the ID centre and returns its share (base64url), or
// throws what the centre refused with.
export async function unlock(card, pin, askShare) {
  const { secrets } = await openApplication(card, "authentication", pin, askShare);
  if (secrets.key === null) throw new CardError("card_on_token");
  try {
    return await importSigningKey(fromBase64url(secrets.key));
  } catch {
    throw new CardError("card_changed");
  }
}

// Returns what is wrapped, read (`secrets`) and as it is (`plain`, to be wrapped again).
export async function openApplication(card, application, pin, askShare) {
  const stretched = await stretch(card, application, pin);
  const share = await askShare(await proofRequest(card, application, stretched));
  try {
    const key = await wrappingKey(card, stretched, share);
    const { wrapped } = card.applications[application];
    const opening = boundTo(card, application, wrapped.slice(0, NONCE_BYTES));
    const plain = new Uint8Array(await crypto.subtle.decrypt(opening, key, wrapped.slice(NONCE_BYTES)));
    return { plain, secrets: JSON.parse(text(plain)) };
  } catch {
    throw new CardError("card_changed");
  }
}

export async function wrap(card, application, { stretched, share, plain }) {
  const key = await wrappingKey(card, stretched, share);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const closed = await crypto.subtle.encrypt(boundTo(card, application, nonce), key, plain);
  return concat(nonce, new Uint8Array(closed));
}

export async function stretch(card, application, pin) {
  const password = await crypto.subtle.importKey("raw", utf8(pin), "PBKDF2", false, ["deriveBits"]);
  const salt = concat(card.fileSecret, utf8(application));
  const wanted = { name: "PBKDF2", hash: "SHA-256", salt, iterations: card.iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(wanted, password, 256));
}

export async function proofRequest(card, application, stretched) {
  const key = await crypto.subtle.importKey("raw", stretched, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const proof = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8("proof")));
  return { card: card.id, application, pin_proof: toBase64url(proof) };
}

async function wrappingKey(card, stretched, share) {
  const material = concat(stretched, exactly(SECRET_BYTES, fromBase64url(share)), card.fileSecret);
  const source = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: WRAP_INFO };
  const cipher = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(derivation, source, cipher, false, ["encrypt", "decrypt"]);
}

const boundTo = (card, application, iv) => ({
  name: "AES-GCM",
  iv,
  additionalData: utf8(`${FORMAT} ${card.id} ${application}`),
});

function importSigningKey(der) {
  return crypto.subtle.importKey("pkcs8", der, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

function exactly(size, bytes) {
  if (bytes.length !== size) throw new CardError("not_a_card");
  return bytes;
}

// `kid` is the certificate's serial number, hexadecimal without leading zeros: how the ID centre knows the card's key;
// `until` is its last moment (X.509: Certificate > TBSCertificate > [0] version, serialNumber, signature, issuer, validity).
function readCertificate(pem) {
  const der = fromBase64(pem.replace(/-----(BEGIN|END) CERTIFICATE-----/g, "").replace(/\s/g, ""));
  const certificate = element(der, 0, 0x30);
  let at = element(der, certificate.start, 0x30).start;
  if (der[at] === 0xa0) at = element(der, at, 0xa0).end;
  const serial = element(der, at, 0x02);
  const issuer = element(der, element(der, serial.end, 0x30).end, 0x30);
  const from = anyElement(der, element(der, issuer.end, 0x30).start);
  const until = anyElement(der, from.end);
  return {
    kid: hex(der.slice(serial.start, serial.end)).replace(/^0+(?=.)/, ""),
    until: readTime(text(der.slice(until.start, until.end))),
  };
}

// UTCTime has two digits of the year, GeneralizedTime four (RFC 5280, section 4.1.2.5).
function readTime(told) {
  const whole = told.length === 13 ? `${told < "50" ? "20" : "19"}${told}` : told;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(whole);
  if (parts === null) throw new CardError("not_a_card");
  const [year, month, ...rest] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

function element(der, at, tag) {
  if (der[at] !== tag) throw new CardError("not_a_card");
  return anyElement(der, at);
}

function anyElement(der, at) {
  const short = der[at + 1];
  const more = short < 0x80 ? 0 : short & 0x7f;
  let size = more ? 0 : short;
  for (const value of der.slice(at + 2, at + 2 + more)) size = size * 256 + value;
  const start = at + 2 + more;
  if (!(start + size <= der.length)) throw new CardError("not_a_card");
  return { start, end: start + size };
}
