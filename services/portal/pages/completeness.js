// Whether the entries are all that a log has about a person, up to an entry of the log that counts them, and how old that
// count is (the steps C1 to C4 of the protocol); and whether what one body did is in the whole history of another.

import { canonical, concat, equal, fromBase64, fromBase64url, sha256, toBase64url } from "./bytes.js";
import { isPlace, momentOf, verifyEntry } from "./evidence.js";
import { ProofError } from "./notes.js";
import { leafHash, verifyInclusion } from "./tree_proofs.js";

const MINUTE = 60_000;
// how far a log's clock may be ahead of its witness's
const CLOCKS_APART = 5 * MINUTE;
// how long ago a body may have counted a history that it says is whole, when entries followed
const RECENT = 10 * MINUTE;

// One for each history that the evidence says is whole, given its proved entries. A ProofError says why one is not:
// "counted" (nothing counts it), "dated" (ahead of its own co-signature), or "whole" (other entries were counted).
export const verifyWholes = (evidence, heads, entries) =>
  Promise.all((evidence.histories ?? []).map((told) => verifyWhole(told, heads, entries)));

async function verifyWhole(told, heads, entries) {
  const counted = await verifyEntry(told.counted, heads).catch(() => null); // C1
  const roll = counted === null || told.counted.part ? null : rollOf(counted.event);
  if (roll === null) throw new ProofError("counted");
  const { origin, index, head } = counted;
  const own = entries.filter((entry) => entry.origin === origin).sort(inOrder);
  const digests = await follow(fromBase64(told.start), own);
  const before = own.filter((entry) => entry.index < index).length;
  const at = countedAt(counted);
  const row = concat(eightBytes(before), digests[before]);
  await verifyInclusion(row, BigInt(told.row), told.proof.map(fromBase64), roll).catch(() => { // C2, C3
    throw new ProofError("whole");
  });
  return { origin, index, at, head, entries: before, later: own.length - before };
}

function rollOf({ kind, count, detail }) {
  if (kind !== "histories_counted" || !isPlace(count) || typeof detail?.root !== "string") return null;
  try {
    return { size: BigInt(count), root: fromBase64url(detail.root) };
  } catch {
    return null;
  }
}

// A count that is dated ahead would look young for as long as the log likes.
function countedAt({ event, head }) {
  const at = momentOf(event.at);
  if (at === null || (head.at !== null && at > head.at + CLOCKS_APART)) throw new ProofError("dated");
  return at;
}

// C4: follows the entries; returns the digest before each of them, and behind the last.
async function follow(start, own) {
  const digests = [start];
  const seen = new Set();
  for (const [number, { event, leaf, index }] of own.entries()) {
    const digest = await leafHash(leaf);
    const said = event.history ?? null;
    const due = canonical({ number, after: toBase64url(digests[number]) });
    if ((said !== null && canonical(said) !== due) || seen.has(`${index}/${toBase64url(digest)}`)) throw new ProofError("whole");
    seen.add(`${index}/${toBase64url(digest)}`);
    digests.push(await sha256(concat(Uint8Array.of(2), digests[number], digest)));
  }
  return digests;
}

const inOrder = (one, other) => one.index - other.index || numberOf(one) - numberOf(other);
const numberOf = ({ event }) => (isPlace(event.history?.number) ? event.history.number : 0);

function eightBytes(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

// Whether the body last counted some while before `now` (milliseconds), though others followed.
export const isOutdated = ({ index, at, head }, now) => BigInt(index) !== head.size - 1n && now - at > RECENT;

// Who took part in a read that the medical centre's whole history does not show: the origins of their logs.
export function missedBy(entries, wholes) {
  const found = wholes.filter(({ origin }) => bodyOf(origin) === "medical").flatMap((medical) => {
    const shown = entries.filter((entry) => entry.origin === medical.origin && entry.statement !== null);
    return entries.filter((entry) => {
      const { log_index: place, statement } = releaseOf(entry.event);
      if (place === undefined || place >= medical.index) return false;
      return !shown.some((read) => read.index === place && equal(read.statement, statement));
    });
  });
  return [...new Set(found.map(({ origin }) => origin))];
}

function releaseOf({ kind, outcome, detail }) {
  const released = kind === "fragments_released" && outcome === "permitted";
  if (!released || !Number.isSafeInteger(detail?.log_index) || typeof detail.statement !== "string") return {};
  try {
    return { log_index: detail.log_index, statement: fromBase64url(detail.statement) };
  } catch {
    return { log_index: detail.log_index, statement: new Uint8Array() };
  }
}

export const bodyOf = (origin) => origin.split("/").pop();
