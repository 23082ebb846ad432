// The evidence format (sekisho-evidence/1): verifying each entry by itself, and putting several bodies' into one file.

import { canonical, concat, equal, fromBase64, sha256, utf8 } from "./bytes.js";
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
        const head = await verifyEntry(entry, heads);
        const named = entry.opening.event.body;
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
  return head;
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
  for (const part of parts) {
    const offset = checkpoints.length;
    checkpoints.push(...part.checkpoints);
    entries.push(...part.entries.map((entry) => ({ ...entry, checkpoint: entry.checkpoint + offset })));
  }
  return { format: FORMAT, checkpoints, entries };
}

function requireShape(evidence) {
  const well =
    evidence?.format === FORMAT &&
    allText(evidence.checkpoints) &&
    Array.isArray(evidence.entries) &&
    evidence.entries.every(
      (entry) =>
        typeof entry?.origin === "string" &&
        isPlace(entry.checkpoint) &&
        isPlace(entry.index) &&
        typeof entry.leaf === "string" &&
        allText(entry.proof) &&
        entry.proof.length <= MOST_PROOF &&
        typeof entry.opening?.salt === "string" &&
        isObject(entry.opening.event) &&
        (entry.opening.statement_digest === null || typeof entry.opening.statement_digest === "string"),
    );
  if (!well) throw new EvidenceError("not evidence");
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isPlace = (value) => Number.isSafeInteger(value) && value >= 0;
const allText = (list) => Array.isArray(list) && list.every((each) => typeof each === "string");
// what is not spelled as it must be is a malformed entry
const partOf = (error) => (error instanceof ProofError ? error : new ProofError("leaf"));
