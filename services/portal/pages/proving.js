// All that is checked of one body's answer: what `sekisho history` checks when it fetches it, and `sekisho verify` later.

import { isOutdated, verifyWholes } from "./completeness.js";
import { verdictOf, verifyEntries, verifyHeads } from "./evidence.js";
import { sawMore, verifySeen } from "./heads.js";
import { ProofError } from "./notes.js";

// `entries` are the proved ones. `notWhole` names why the entries are not all (else null); `outdated` are counts that are too
// old to say so; `held` are heads that witnesses saw, `behind` those that are larger than what is shown. `now` in milliseconds.
export async function prove(evidence, trust, { body, verifies, now }) {
  const heads = await verifyHeads(evidence, trust, { verifies });
  const found = await verifyEntries(evidence, heads, body);
  const entries = found.filter((each) => !(each instanceof ProofError));
  let wholes = [];
  let notWhole = null;
  if (entries.length === found.length) {
    try {
      wholes = await verifyWholes(evidence, heads, entries);
    } catch (error) {
      notWhole = error.part ?? "counted";
    }
  }
  const held = verifies ? await verifySeen(evidence, heads, trust) : [];
  const outdated = wholes.filter((each) => isOutdated(each, now));
  return { verdicts: found.map(verdictOf), entries, wholes, notWhole, outdated, held, behind: sawMore(entries, wholes, held) };
}
