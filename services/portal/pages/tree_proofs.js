// What a log's tree proves: that a leaf is in it, and that it begins with a smaller one.

import { concat, equal, sha256 } from "./bytes.js";
import { ProofError } from "./notes.js";

const joined = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

export const leafHash = (leaf) => sha256(concat(Uint8Array.of(0), leaf));

// RFC 9162, section 2.1.3.2.
export async function verifyInclusion(leaf, index, proof, { size, root }) {
  if (index >= size) throw new ProofError("inclusion");
  let place = index;
  let last = size - 1n;
  let hash = await leafHash(leaf);
  for (const given of proof) {
    if (last === 0n || given.length !== 32) throw new ProofError("inclusion");
    if (place % 2n === 1n || place === last) {
      hash = await joined(given, hash);
      while (place % 2n === 0n && place !== 0n) [place, last] = [place / 2n, last / 2n];
    } else {
      hash = await joined(hash, given);
    }
    [place, last] = [place / 2n, last / 2n];
  }
  if (last !== 0n || !equal(hash, root)) throw new ProofError("inclusion");
}

// RFC 9162, section 2.1.4.2; of two trees of one size that they are one.
export async function verifyConsistency(old, larger, proof) {
  if (old.size > larger.size || proof.some((given) => given.length !== 32)) throw new ProofError("consistency");
  if (old.size === larger.size) {
    if (proof.length > 0 || !equal(old.root, larger.root)) throw new ProofError("consistency");
    return;
  }
  // a whole subtree is its own first hash; every history begins with the empty one, and nothing is to be proved of that
  const whole = (old.size & (old.size - 1n)) === 0n;
  const [first, ...rest] = whole ? [old.root, ...proof] : proof;
  if (old.size === 0n || first === undefined) throw new ProofError("consistency");
  let place = old.size - 1n;
  let last = larger.size - 1n;
  while (place % 2n === 1n) [place, last] = [place / 2n, last / 2n];
  let [part, all] = [first, first];
  for (const given of rest) {
    if (last === 0n) throw new ProofError("consistency");
    if (place % 2n === 1n || place === last) {
      part = await joined(given, part);
      all = await joined(given, all);
      while (place % 2n === 0n && place !== 0n) [place, last] = [place / 2n, last / 2n];
    } else {
      all = await joined(all, given);
    }
    [place, last] = [place / 2n, last / 2n];
  }
  if (last !== 0n || !equal(part, old.root) || !equal(all, larger.root)) throw new ProofError("consistency");
}
