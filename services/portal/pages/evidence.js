// The evidence format (sekisho-evidence/1): verifying each entry by itself, and putting several bodies' into one file.

import { canonical, concat, equal, fromBase64, fromBase64url, sha256, utf8 } from "./bytes.js";
import { ProofError, verifyCheckpoint } from "./notes.js";
import { verifyInclusion } from "./tree_proofs.js";

export const FORMAT = "sekisho-evidence/1";
const LEAF_BYTES = 64;
const SALT_BYTES = 32;
const MOST_PROOF = 64;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export class EvidenceError extends Error {}

// One for each checkpoint of a well-formed file, in order: the head that it proves, or a ProofError.
export const verifyHeads = (evidence, trust, { verifies }) =>
  Promise.all(evidence.checkpoints.map((raw) => verifyCheckpoint(raw, trust, { verifies }).catch(partOf)));

// One for each entry, in order: what is proved, or a ProofError that names the part which is false. `body` answers for its
// own log only, and a log speaks for its own body only.
export async function verifyEntries(evidence, heads, body) {
  const seen = new Set();
  const found = await Promise.all(evidence.entries.map((entry) => verifyEntry(entry, heads).catch(partOf)));
  return found.map((entry) => {
    if (entry instanceof ProofError) return entry;
    const place = `${entry.index}/${entry.slot}/${entry.origin}`;
    if (seen.has(place)) return new ProofError("twice");
    seen.add(place);
    const { body: named, at } = entry.event;
    if (named !== body || entry.origin.split("/").pop() !== named) return new ProofError("body");
    return momentOf(at) === null ? new ProofError("moment") : entry;
  });
}

// How an entry stands: "proved", "unchecked" (in the log, signatures not checked), or the name of the part that is false.
export const verdictOf = (entry) => (entry instanceof ProofError ? entry.part : entry.head.signed ? "proved" : "unchecked");

export async function verifyEntry(entry, heads) {
  const head = heads[entry.checkpoint];
  if (head === undefined) throw new ProofError("reference");
  if (head instanceof ProofError) throw head;
  if (head.origin !== entry.origin) throw new ProofError("origin");
  const leaf = fromBase64(entry.leaf);
  if (leaf.length !== LEAF_BYTES) throw new ProofError("leaf");
  if (!equal(leaf, await openedLeaf(entry.opening))) throw new ProofError("opening");
  await verifyInclusion(leaf, BigInt(entry.index), entry.proof.map(fromBase64), head);
  const { origin, index, part } = entry;
  const { event, statement_digest: digest } = (part ?? entry).opening;
  const statement = digest === null ? null : fromBase64(digest);
  const own = part ? await verifyPart(part, entry.opening.event) : leaf;
  return { origin, index, slot: part?.slot ?? null, event, head, leaf: own, statement };
}

// When something was, in milliseconds; null where that is no moment of a known zone.
export function momentOf(at) {
  const found = typeof at === "string" && MOMENT.test(at) ? Date.parse(at) : NaN;
  return Number.isNaN(found) ? null : found;
}

// A person's part of a bulk entry: under the root that the entry commits to.
async function verifyPart(part, { bulk }) {
  if (!isPlace(bulk?.size) || typeof bulk.root !== "string") throw new ProofError("part");
  try {
    const leaf = await openedLeaf(part.opening);
    const tree = { size: BigInt(bulk.size), root: fromBase64url(bulk.root) };
    await verifyInclusion(leaf, BigInt(part.slot), part.proof.map(fromBase64), tree);
    return leaf;
  } catch {
    throw new ProofError("part");
  }
}

// What happened to the person: of a bulk entry their part.
export const eventOf = (entry) => (entry.part ?? entry).opening.event;

// Leaf: e || s. e = SHA-256(salt || canonical event); s = digest of the reader's statement, or of salt || "no statement".
async function openedLeaf({ salt, event, statement_digest: digest }) {
  const own = fromBase64(salt);
  if (own.length !== SALT_BYTES) throw new ProofError("opening");
  let form;
  try {
    form = canonical(event);
  } catch {
    throw new ProofError("opening");
  }
  const e = await sha256(concat(own, utf8(form)));
  const s = digest === null ? await sha256(concat(own, utf8("no statement"))) : fromBase64(digest);
  return concat(e, s);
}

export function merge(parts) {
  const checkpoints = [];
  const entries = [];
  const histories = [];
  const heads = [];
  for (const part of parts) {
    const offset = checkpoints.length;
    checkpoints.push(...part.checkpoints);
    const moved = (entry) => ({ ...entry, checkpoint: entry.checkpoint + offset });
    entries.push(...part.entries.map(moved));
    histories.push(...(part.histories ?? []).map((each) => ({ ...each, counted: moved(each.counted) })));
    heads.push(...(part.heads ?? []).map(moved));
  }
  return { format: FORMAT, checkpoints, entries, histories, heads };
}

export function requireShape(evidence) {
  const well =
    evidence?.format === FORMAT &&
    allText(evidence.checkpoints) &&
    Array.isArray(evidence.entries) &&
    evidence.entries.every(isEntry) &&
    (evidence.histories ?? []).every(
      (each) => typeof each?.start === "string" && isPlace(each.row) && isProof(each.proof) && isEntry(each.counted),
    ) &&
    (evidence.heads ?? []).every(
      (each) => isPlace(each?.checkpoint) && typeof each.witness === "string" && typeof each.note === "string" && isProof(each.proof),
    );
  if (!well) throw new EvidenceError("not evidence");
}

const isEntry = (entry) =>
  typeof entry?.origin === "string" &&
  isPlace(entry.checkpoint) &&
  isPlace(entry.index) &&
  typeof entry.leaf === "string" &&
  isProof(entry.proof) &&
  isOpening(entry.opening) &&
  (entry.part === undefined || entry.part === null || isPart(entry.part));
const isPart = (part) => isPlace(part?.slot) && isProof(part.proof) && isOpening(part.opening);
const isOpening = (opening) =>
  typeof opening?.salt === "string" &&
  isObject(opening.event) &&
  (opening.statement_digest === null || typeof opening.statement_digest === "string");
const isProof = (proof) => allText(proof) && proof.length <= MOST_PROOF;

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isPlace = (value) => Number.isSafeInteger(value) && value >= 0;
const allText = (list) => Array.isArray(list) && list.every((each) => typeof each === "string");
// what is not spelled as it must be is a malformed entry
export const partOf = (error) => (error instanceof ProofError ? error : new ProofError("leaf"));
