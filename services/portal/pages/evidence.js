// The evidence format (sekisho-evidence/1): verifying each entry by itself, and putting several bodies' into one file.

import { canonical, concat, equal, fromBase64, fromBase64url, sha256, toBase64url, utf8 } from "./bytes.js";
import { ProofError, verifyCheckpoint, verifyInclusion } from "./notes.js";

export const FORMAT = "sekisho-evidence/1";
const LEAF_BYTES = 64;
const SALT_BYTES = 32;
const MOST_PROOF = 64;

export class EvidenceError extends Error {}

// One verdict for each entry, in order: "proved", "unchecked" (in the log, signatures not checked), or the name of the
// part that is false. `body` answers for its own log only, and a log speaks for its own body only.
export async function verifyEvidence(evidence, trust, { body, verifies }) {
  requireShape(evidence);
  const heads = await Promise.all(
    evidence.checkpoints.map((raw) => verifyCheckpoint(raw, trust, { verifies }).catch(partOf)),
  );
  return Promise.all(
    evidence.entries.map(async (entry) => {
      try {
        const { head } = await verifyEntry(entry, heads);
        const named = eventOf(entry).body;
        if (named !== body || entry.origin.split("/").pop() !== named) throw new ProofError("body");
        return head.signed ? "proved" : "unchecked";
      } catch (error) {
        return partOf(error).part;
      }
    }),
  );
}

async function verifyEntry(entry, heads) {
  const head = heads[entry.checkpoint];
  if (head === undefined) throw new ProofError("reference");
  if (head instanceof ProofError) throw head;
  if (head.origin !== entry.origin) throw new ProofError("origin");
  const leaf = fromBase64(entry.leaf);
  if (leaf.length !== LEAF_BYTES) throw new ProofError("leaf");
  if (!equal(leaf, await openedLeaf(entry.opening))) throw new ProofError("opening");
  await verifyInclusion(leaf, BigInt(entry.index), entry.proof.map(fromBase64), head);
  return { head, leaf: entry.part ? await verifyPart(entry.part, entry.opening.event) : leaf };
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

// Whether the entries are all that the log has about the person, up to an entry of the log that counts them: null when the
// file does not say so; an error when it says so and it is not so (the steps C1 to C4 of the protocol).
export async function verifyWhole(evidence, trust, { verifies }) {
  const [told] = evidence.histories ?? [];
  if (told === undefined) return null;
  const heads = await Promise.all(
    evidence.checkpoints.map((raw) => verifyCheckpoint(raw, trust, { verifies }).catch(partOf)),
  );
  const { head } = await verifyEntry(told.counted, heads);
  const { event } = told.counted.opening;
  if (event.kind !== "histories_counted" || !isPlace(event.count)) throw new ProofError("whole");
  const own = evidence.entries.filter((entry) => entry.origin === told.counted.origin).sort(inOrder);
  let digest = fromBase64(told.start);
  let counted = digest;
  let entries = 0;
  for (const [number, entry] of own.entries()) {
    const said = eventOf(entry).history;
    if (said && (said.number !== number || said.after !== toBase64url(digest))) throw new ProofError("whole");
    const { leaf } = await verifyEntry(entry, heads);
    digest = await sha256(concat(Uint8Array.of(2), digest, await sha256(concat(Uint8Array.of(0), leaf))));
    if (entry.index < told.counted.index) [counted, entries] = [digest, number + 1];
  }
  const row = concat(eightBytes(entries), counted);
  const roll = { size: BigInt(event.count), root: fromBase64url(event.detail.root) };
  await verifyInclusion(row, BigInt(told.row), told.proof.map(fromBase64), roll).catch(() => {
    throw new ProofError("whole");
  });
  return { entries, at: event.at, signed: head.signed };
}

const inOrder = (one, other) =>
  one.index - other.index || (eventOf(one).history?.number ?? 0) - (eventOf(other).history?.number ?? 0);

function eightBytes(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

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
  for (const part of parts) {
    const offset = checkpoints.length;
    checkpoints.push(...part.checkpoints);
    const moved = (entry) => ({ ...entry, checkpoint: entry.checkpoint + offset });
    entries.push(...part.entries.map(moved));
    histories.push(...(part.histories ?? []).map((each) => ({ ...each, counted: moved(each.counted) })));
  }
  return { format: FORMAT, checkpoints, entries, histories };
}

function requireShape(evidence) {
  const well =
    evidence?.format === FORMAT &&
    allText(evidence.checkpoints) &&
    Array.isArray(evidence.entries) &&
    evidence.entries.every(isEntry) &&
    (evidence.histories ?? []).every(
      (each) => typeof each?.start === "string" && isPlace(each.row) && isProof(each.proof) && isEntry(each.counted),
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
const isPlace = (value) => Number.isSafeInteger(value) && value >= 0;
const allText = (list) => Array.isArray(list) && list.every((each) => typeof each === "string");
// what is not spelled as it must be is a malformed entry
const partOf = (error) => (error instanceof ProofError ? error : new ProofError("leaf"));
