// What witnesses saw of the logs, held against what a person is shown (the steps G5 to G7 of the protocol): a body's answer
// can be without a flaw and yet be of another log than others were shown, or of the same one set back or frozen.

import { fromBase64, fromBase64url, toBase64 } from "./bytes.js";
import { partOf } from "./evidence.js";
import { checkpointIn, ProofError, verifyHead } from "./notes.js";
import { verifyConsistency } from "./tree_proofs.js";

const FAILED = { not_found: "set_back", unavailable: "unasked", portal_down: "unasked" };

// The heads that the trusted witnesses have of all logs, and which of the witnesses did not answer. They are asked before
// the bodies: whatever a body shows later, a witness has seen no more of it, unless the body shows an old head as its newest.
export async function seenHeads(trust, ask) {
  const witnesses = [...new Set(trust.witnesses.map(({ name }) => name.split("/")[1]).filter(Boolean))];
  const told = await Promise.all(
    witnesses.map(async (witness) => {
      const { notes } = await ask(witness, "/log/views").catch(() => ({ notes: null }));
      return Array.isArray(notes) ? Promise.all(notes.map((note) => seenNote(witness, note, trust))) : null;
    }),
  );
  const isSilent = (_, place) => told[place] === null;
  return { witnesses, silent: witnesses.filter(isSilent), heads: told.flat().filter((each) => each !== null) };
}

// G5: a note that the log did not sign itself is no head of it; and nobody is witness of the own log.
async function seenNote(witness, note, trust) {
  try {
    const { origin } = checkpointIn(note);
    const seen = await verifyHead(note, trust.logs.get(origin));
    return origin.split("/").pop() === witness ? null : { witness, note, ...seen };
  } catch {
    return null;
  }
}

// Returns the evidence with those of the heads that are of its logs, and for which of them the log gave no proof, and why.
export async function withSeenHeads(evidence, seen, ask) {
  const shown = new Map();
  evidence.checkpoints.forEach((raw, checkpoint) => {
    try {
      const { origin, size } = checkpointIn(raw);
      shown.set(origin, { checkpoint, size });
    } catch {
      // a checkpoint that is none is false already
    }
  });
  const failed = [];
  const heads = await Promise.all(
    seen
      .filter(({ origin }) => shown.has(origin))
      .map(async ({ witness, note, origin, size: larger }) => {
        const { checkpoint, size } = shown.get(origin);
        try {
          return { checkpoint, witness, note, proof: await proofBetween(origin, [size, larger], ask) };
        } catch (error) {
          failed.push({ witness, problem: FAILED[error.code] ?? "unproved" });
          return null;
        }
      }),
  );
  return { evidence: { ...evidence, heads: heads.filter((each) => each !== null) }, failed };
}

async function proofBetween(origin, [one, other], ask) {
  const [old, larger] = one < other ? [one, other] : [other, one];
  if (old === 0n || old === larger) return [];
  const { proof } = await ask(origin.split("/").pop(), `/log/consistency?old=${old}&new=${larger}`);
  return proof.map((each) => toBase64(fromBase64url(each)));
}

// One for each head in the evidence: whose, of which log and size, and what is wrong: null, "head" (it is none of that log),
// or "split" (the log has shown two histories).
export const verifySeen = (evidence, heads, trust) =>
  Promise.all(
    (evidence.heads ?? []).map(async ({ checkpoint, witness, note, proof }) => {
      const here = heads[checkpoint];
      const told = { witness, origin: here?.origin ?? null, size: null };
      try {
        if (here === undefined || here instanceof ProofError) throw new ProofError("head");
        const seen = await verifyHead(note, trust.logs.get(here.origin)); // G5
        await requireOneHistory(here, seen, proof.map(fromBase64)); // G6
        return { ...told, size: seen.size, problem: null };
      } catch (error) {
        return { ...told, problem: partOf(error).part === "consistency" ? "split" : "head" };
      }
    }),
  );

async function requireOneHistory(one, other, proof) {
  const [smaller, larger] = one.size < other.size ? [one, other] : [other, one];
  if (smaller.size === 0n && larger.size > 0n) return; // every history begins with the empty one
  await verifyConsistency(smaller, larger, proof);
}

// G7: the witnesses that saw more of a log than the least head under which something is shown.
export function sawMore(entries, wholes, held) {
  const shown = new Map();
  for (const { origin, head } of [...entries, ...wholes]) {
    const before = shown.get(origin);
    if (before === undefined || head.size < before) shown.set(origin, head.size);
  }
  return held.filter(({ origin, size, problem }) => problem === null && size > (shown.get(origin) ?? 0n));
}
