// A person's own records: fetched sealed, opened in this browser and nowhere else (UC2); and what the person adds.

import { concat, fromBase64url, sha256, text, toBase64, toBase64url, equal, utf8 } from "./bytes.js";
import { CentreError } from "./centres.js";
import { Delegation } from "./delegation.js";
import { thumbprint, sign, verify } from "./jws.js";
import { documentDigest, openDocument, requireAuthor, sealDocument, SealError, streamOf } from "./sealing.js";
import { lineage } from "./succession.js";
import { derive, instant, openWallet, verified } from "./wallet.js";

const BODY = "medical";
const FHIR = "application/fhir+json";
const KEYS = "sekisho-compartment-keys+jws";
const RECEIPT = "sekisho-deposit-receipt+jws";
const NAMING = "sekisho-wallet-naming/1";
const STREAM = /^application\/vnd\.sekisho\.stream; digest=([A-Za-z0-9_-]{43}); bytes=([1-9][0-9]{1,15})$/;
const STREAM_NAMED = utf8("sekisho-stream-name/1\0");
const STREAM_FORMAT = "sekisho-sealed-stream/1";
const SEGMENT = 1 << 20;
const TAG = 16;
const KEY = 32;
// what a page may hold at once
export const LARGEST = 300 * SEGMENT;

const lie = () => new CentreError(BODY, "not_verified");

// What is stored about the person, newest versions, oldest deposit first. `watch` is told how many are open so far. What
// its author signed so that nothing opens it has `unopened` and no content: one record keeps no others shut.
// Throws CentreError "not_verified" when something is not what its author sealed for this wallet.
export async function readOwn(person, { register, seed, watch }) {
  const wallet = await openWallet(seed, BODY);
  const subject = await thumbprint(wallet.jwk);
  const delegation = await Delegation.of(seed);
  const former = formerOf(person, wallet.jwk);
  const found = [];
  try {
    for await (const bundle of bundles(person)) {
      const before = bundle.sealed_as ? await former() : [];
      const authors = new Map([...register.authorKeys, [subject, [wallet.publicKey]]]);
      for (const each of before) authors.set(each.subject, [fromBase64url(each.jwk.x)]);
      if (bundle.subject !== subject) throw lie();
      found.push(...(await opened(delegation, bundle, { authors, before })));
      watch(found.filter((each) => !each.unopened).length);
    }
  } catch (error) {
    throw error instanceof SealError ? lie() : error;
  } finally {
    delegation.free();
  }
  return found;
}

async function* bundles(person) {
  let start = 0;
  while (start !== null) {
    const part = await person.post(BODY, "/own-records", { categories: null, first_year: 0, last_year: 9999, start });
    yield* part.bundles;
    if (part.next !== null && part.next <= start) throw lie();
    start = part.next;
  }
}

function formerOf(person, jwk) {
  let asked = null;
  const ask = async () => {
    const { renewals } = await person.get(BODY, "/wallet/successor");
    return verified(BODY, lineage(jwk, renewals, BODY));
  };
  return () => (asked ??= ask());
}

async function opened(delegation, bundle, { authors, before }) {
  const meta = await metaOf(bundle, before);
  const authorKeys = authors.get(bundle.author) ?? [];
  const [category, year] = bundle.compartment.split("/");
  const secret = contentKey(delegation, bundle);
  const found = [];
  for (const told of bundle.documents) {
    const document = sealedOf(told);
    await requireAuthor({ meta, document, authorKeys });
    const { id, version, media_type: mediaType } = document;
    const record = { category, year: Number(year), author: bundle.author, bundle: bundle.id, id, version, mediaType };
    // kit and ciphertext are signed: what does not open now was sealed so by its author
    found.push({ ...record, ...((await shownBy(secret, { meta, document })) ?? { unopened: true }) });
  }
  return found;
}

function contentKey(delegation, bundle) {
  try {
    const secret = delegation.open(fromBase64url(bundle.message_kit), bundle.compartment);
    return secret.length === KEY ? secret : null;
  } catch {
    return null;
  }
}

// What a document says, and what it stands for; null where nothing opens or reads it.
async function shownBy(secret, { meta, document }) {
  if (secret === null) return null;
  try {
    const content = await openDocument(secret, { meta, document });
    return { content, large: await largeOf(secret, { meta, document, content }) };
  } catch {
    return null;
  }
}

async function metaOf(bundle, before) {
  const { id, author, subject, compartment, sealed_as: first } = bundle;
  if (!first) {
    const kitDigest = await sha256(fromBase64url(bundle.message_kit));
    return { id, author, origin: { subject, compartment, kitDigest } };
  }
  const place = (label) => label.split("/").slice(0, 2).join("/");
  const known = before.some((each) => each.subject === first.subject);
  if (!known || place(first.compartment) !== place(compartment)) throw lie();
  const kitDigest = fromBase64url(first.kit_digest);
  return { id, author, origin: { subject: first.subject, compartment: first.compartment, kitDigest } };
}

const sealedOf = ({ id, version, media_type, nonce, ciphertext, signature }) => ({
  id,
  version,
  media_type,
  nonce: fromBase64url(nonce),
  ciphertext: fromBase64url(ciphertext),
  signature: fromBase64url(signature),
});

// What a document stands for that is too large to be one; null for one that stands for itself.
async function largeOf(secret, { meta, document, content }) {
  const named = STREAM.exec(document.media_type);
  if (named === null) return null;
  const told = JSON.parse(text(content));
  if (told.format !== STREAM_FORMAT) throw new SealError("stream");
  const large = { ...told, prefix: fromBase64url(told.prefix) };
  const open = await streamOf(secret, { meta, document, large });
  const size = Number(named[2]);
  return { name: told.name, mediaType: told.media_type, bytes: told.size, digest: named[1], size, open };
}

// Fetches a large document segment by segment; nothing is handed out unless all of it is what its author signed.
export async function fetchLarge(person, { id, version, large }, watch) {
  const segments = Math.ceil(large.size / SEGMENT);
  const [parts, digests] = [[], []];
  let size = 0;
  for (let number = 0; number < segments; number++) {
    const told = await person.post(BODY, "/own-records/segments", { document: id, version, number });
    const sealed = fromBase64url(told.content);
    size += sealed.length;
    digests.push(await sha256(sealed));
    const last = number === segments - 1;
    if (!last && sealed.length !== SEGMENT) throw lie();
    if (last && number > 0 && sealed.length === TAG) throw lie();
    parts.push(await large.open(sealed, number, last).catch(() => Promise.reject(lie())));
    watch(number + 1, segments);
  }
  const whole = toBase64url(await sha256(concat(STREAM_NAMED, ...digests)));
  if (whole !== large.digest || size !== large.size) throw lie();
  return new Blob(parts, { type: "application/octet-stream" });
}

// Everything as one FHIR R4 Bundle, each resource as its author sealed it, and a Provenance for each.
export function fhirBundle(records) {
  return {
    resourceType: "Bundle",
    type: "collection",
    timestamp: instant(),
    entry: records.flatMap((each) => {
      const url = `urn:sekisho:document:${each.id}`;
      return [
        { fullUrl: url, resource: resourceOf(each) ?? reference(each) },
        { fullUrl: `urn:sekisho:provenance:${each.id}`, resource: provenance(each, url) },
      ];
    }),
  };
}

// The FHIR resource that a record is, or null.
export function resourceOf({ mediaType, content }) {
  if (mediaType !== FHIR) return null;
  try {
    const told = JSON.parse(text(content));
    return typeof told?.resourceType === "string" ? told : null;
  } catch {
    return null;
  }
}

function reference({ id, category, mediaType, content, large }) {
  const attachment = large
    ? { contentType: large.mediaType, url: large.name, size: large.bytes, title: large.name }
    : { contentType: mediaType, data: toBase64(content) };
  return {
    resourceType: "DocumentReference",
    status: "current",
    identifier: [{ system: "urn:sekisho:document", value: id }],
    category: [{ text: category }],
    content: [{ attachment }],
  };
}

const provenance = ({ id, year, category, author }, url) => ({
  resourceType: "Provenance",
  target: [{ reference: url }],
  recorded: `${year}-01-01T00:00:00Z`,
  activity: { text: category },
  agent: [{ who: { identifier: { system: "urn:sekisho:author", value: author } } }],
  entity: [{ role: "source", what: { identifier: { value: id } } }],
});

// Puts a resource of the person's own into the record: sealed to the wallet, signed by it, the receipt checked.
export async function depositOwn(person, { register, seed, place, resource }) {
  const wallet = await openWallet(seed, BODY);
  const subject = await thumbprint(wallet.jwk);
  const delegation = await Delegation.of(seed);
  try {
    const compartment = await openCompartment(person, { wallet, subject, delegation, place });
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const kit = delegation.seal(secret, compartment);
    const origin = { subject, compartment, kitDigest: await sha256(kit) };
    const meta = { id: random(), author: subject, origin };
    const id = await nameOf(seed, `${resource.resourceType}/${resource.id}`);
    const document = { id, version: 1, media_type: FHIR };
    const sealed = await sealDocument(secret, { meta, document, content: utf8(JSON.stringify(resource)), wallet });
    const { receipt } = await person.post(BODY, "/own-deposits", { bundles: [worded(meta, { compartment, kit, sealed })] });
    const key = register.signingKeys.get(BODY);
    if (key === undefined) throw new CentreError("oversight", "old_browser");
    const told = await verified(BODY, verify(receipt, RECEIPT, key, { kid: null }));
    const named = fromBase64url(told.documents[0]);
    const right = told.bundles.length === 1 && told.documents.length === 1 && told.bundles[0] === meta.id;
    if (!right || !equal(named, await documentDigest(meta, sealed))) throw lie();
    return receipt;
  } finally {
    delegation.free();
  }
}

// The newest compartment of a category and year; the first is published where there is none.
async function openCompartment(person, { wallet, subject, delegation, place }) {
  const { publications } = await person.get(BODY, "/compartments");
  let newest = 0;
  for (const each of publications) {
    const told = await verified(BODY, verify(each, KEYS, wallet.jwk));
    if (told.subject !== subject) throw lie();
    for (const label of Object.keys(told.keys)) {
      const [category, year, version] = label.split("/");
      if (`${category}/${year}` === place) newest = Math.max(newest, Number(version));
    }
  }
  if (newest > 0) return `${place}/${newest}`;
  const label = `${place}/1`;
  const keys = { [label]: toBase64url(delegation.publicKey(label)) };
  await person.put(BODY, "/compartments", { publication: await sign(wallet, KEYS, { subject, keys, issued_at: instant() }) });
  return label;
}

// By it the person's own document is found again, and nobody else learns what it is.
async function nameOf(seed, name) {
  const key = await crypto.subtle.importKey("raw", await derive(seed, NAMING), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(name))).slice(0, 16));
}

const random = () => toBase64url(crypto.getRandomValues(new Uint8Array(16)));

const worded = (meta, { compartment, kit, sealed }) => ({
  id: meta.id,
  compartment,
  message_kit: toBase64url(kit),
  documents: [
    {
      id: sealed.id,
      version: sealed.version,
      media_type: sealed.media_type,
      nonce: toBase64url(sealed.nonce),
      ciphertext: toBase64url(sealed.ciphertext),
      signature: toBase64url(sealed.signature),
    },
  ],
});
