// Sealing and opening documents, as `consent.sealing` does: one content key a bundle, one derived key a document, the
// author's signature over everything that is stored. Everything that says what a ciphertext is goes into what is bound.

import { canonical, concat, sha256, utf8 } from "./bytes.js";
import { verifyEd25519 } from "./notes.js";

const DOCUMENT = "sekisho-sealed-document/1";
const STREAM = "sekisho-sealed-stream/1";
const SIGNED = utf8("sekisho-author-signature/1\0");
const STORED = utf8("sekisho-stored-document/1\0");
const NONCE_BYTES = 12;

export class SealError extends Error {}

// `meta` has id, author, and origin: subject, compartment and kitDigest that the author signed.
const context = ({ id, author, origin }, document) =>
  utf8(
    canonical({
      format: DOCUMENT,
      subject: origin.subject,
      compartment: origin.compartment,
      bundle: id,
      document: document.id,
      version: document.version,
      author,
      media_type: document.media_type,
    }),
  );

async function message(meta, { nonce, ciphertext, ...document }) {
  const [about, sealed] = [await sha256(context(meta, document)), await sha256(ciphertext)];
  return concat(SIGNED, await sha256(concat(about, meta.origin.kitDigest, nonce, sealed)));
}

async function cipherOf(secret, { id, version }, format = DOCUMENT) {
  const source = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const info = utf8(canonical({ format, document: id, version }));
  const wanted = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return crypto.subtle.deriveKey(wanted, source, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

// Throws SealError unless one of `authorKeys` has signed the document, as it is, into the bundle.
export async function requireAuthor({ meta, document, authorKeys }) {
  if (document.nonce.length !== NONCE_BYTES) throw new SealError("nonce");
  const signed = await message(meta, document);
  let good = false;
  for (const key of authorKeys) good ||= await verifyEd25519(key, document.signature, signed);
  if (!good) throw new SealError("author");
}

// R10: the content, if it opens; `secret` is the bundle's content key.
export async function openDocument(secret, { meta, document }) {
  const bound = { name: "AES-GCM", iv: document.nonce, additionalData: context(meta, document) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(bound, await cipherOf(secret, document), document.ciphertext));
  } catch {
    throw new SealError("sealed");
  }
}

// D3: seal and sign one document; `wallet` is the author's.
export async function sealDocument(secret, { meta, document, content, wallet }) {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const bound = { name: "AES-GCM", iv: nonce, additionalData: context(meta, document) };
  const key = await cipherOf(secret, document);
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(bound, key, content));
  const sealed = { ...document, nonce, ciphertext };
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", wallet.key, await message(meta, sealed)));
  return { ...sealed, signature };
}

// What the medical centre's receipt names a document by.
export const documentDigest = async (meta, document) =>
  sha256(concat(STORED, await message(meta, document), document.signature));

// R10s: what opens segment after segment of a large document; `large` is what stands in for it (`consent.streams`).
export async function streamOf(secret, { meta, document, large }) {
  const { media_type, name, prefix, size } = large;
  const { subject, compartment } = meta.origin;
  const header = { format: STREAM, subject, compartment, bundle: meta.id, document: document.id };
  const whole = { ...header, version: document.version, author: meta.author, media_type, name, size };
  const [key, bound] = [await cipherOf(secret, document, STREAM), await sha256(utf8(canonical(whole)))];
  return async (segment, number, last) => {
    const counter = new DataView(new ArrayBuffer(5));
    counter.setUint32(0, number);
    counter.setUint8(4, last ? 1 : 0);
    const iv = concat(prefix, new Uint8Array(counter.buffer));
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: bound }, key, segment));
    } catch {
      throw new SealError("segment");
    }
  };
}
