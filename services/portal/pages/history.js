// One history out of what all centres wrote down about the person, each entry with its verdict.

import { fetchJson } from "./centres.js";
import { bodyOf, missedBy } from "./completeness.js";
import { eventOf, merge, requireShape } from "./evidence.js";
import { seenHeads, withSeenHeads } from "./heads.js";
import { canVerify } from "./notes.js";
import { prove } from "./proving.js";
import { NOBODY, readRegister } from "./register.js";

export const BODIES = ["identity", "registry", "medical", "product_safety", "oversight", "research"];
// who acts where no organisation does: whoever has the card file or the telephone code, the person, or the centre itself
const CARD_USER_KINDS = new Set([
  "card_unlock_refused",
  "card_pin_change_prepared",
  "card_pin_changed",
  "token_refused",
  "passkey_refused",
]);
const CODE_USER_KINDS = new Set(["card_state_changed", "card_suspension_refused"]);
const OWN_KINDS = new Set([
  "token_issued",
  "tokens_revoked",
  "passkey_added",
  "passkey_removed",
  "passkey_used",
  "wallet_registered",
  "compartments_published",
  "directive_stored",
  "directive_withdrawn",
  "notice_read",
  "number_changed",
  "card_suspension_code_made",
  "certificate_named",
  "attributes_stated",
  "recovery_laid_down",
  "recovery_retired",
  "recovery_released",
  "operator_presented",
  "own_records_fetched",
  "watch_chosen",
  "unmasking_asked",
]);
const DISOWNED = "unknown_to_me";

// Asks all centres at once. A centre that fails is told apart; the others' entries are shown all the same.
export async function loadHistory({ person, card, ward, history }) {
  // without the card file nothing says whom to trust about logs and names
  const verifies = card !== null && (await canVerify());
  const seen = verifies ? await seenHeads(card.trust, askOpenly) : null;
  const asked = { trust: card?.trust ?? null, verifies, seen };
  const answers = await Promise.all(BODIES.map((body) => askOne(person, body, asked)));
  compare(answers);
  // what was read and verified before still says whose key is whose when it cannot be read just now
  const register = verifies ? await readRegister(person, card).catch(() => history?.register ?? NOBODY) : NOBODY;
  const entries = answers.flatMap((answer) => answer.entries);
  await addExplanations(person, entries);
  for (const entry of entries) entry.ofWard = ward !== null;
  entries.sort((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : other.index - one.index));
  const evidence = merge(answers.filter((answer) => answer.evidence).map((answer) => answer.evidence));
  return { verifies, seen, answers, entries, evidence, register };
}

// What explains a read is told beside its entry; where it is not to be had the history is the same without it.
async function addExplanations(person, entries) {
  const reads = new Map(entries.filter(isRead).map((entry) => [entry.index, entry]));
  if (reads.size === 0) return;
  const watched = await person.get("medical", "/watch").catch(() => null);
  for (const { entry, by } of watched?.explained ?? []) {
    if (reads.has(entry)) reads.get(entry).explanation = by;
  }
}

const isRead = ({ body, event }) => body === "medical" && event.kind === "records_read" && event.outcome === "permitted";

// What is published needs no token.
const askOpenly = (body, path) => fetchJson(body, `/relay/${body}${path}`);

async function askOne(person, body, { trust, verifies, seen }) {
  try {
    const shown = await person.get(body, "/history");
    requireShape(shown);
    const { evidence, failed } = await withSeenHeads(shown, seen?.heads ?? [], askOpenly);
    const proof = await prove(evidence, trust, { body, verifies, now: Date.now() });
    const entries = evidence.entries.map((entry, place) => readEntry(entry, body, proof.verdicts[place]));
    return { body, evidence, entries, proof, failed, missed: [], watched: seen !== null };
  } catch (error) {
    return { body, error, entries: [] };
  }
}

// What one centre says it took part in is held against what another one's whole history says.
function compare(answers) {
  const proofs = answers.filter(({ error }) => !error).map(({ proof }) => proof);
  const wholes = proofs.flatMap((proof) => proof.wholes);
  const missed = missedBy(proofs.flatMap(({ entries }) => entries), wholes);
  const medical = answers.find(({ body, error }) => body === "medical" && !error);
  if (medical) medical.missed = missed.map(bodyOf);
}

function readEntry(entry, body, verdict) {
  const event = eventOf(entry);
  return {
    body,
    index: entry.index,
    verdict,
    event,
    at: typeof event.at === "string" ? event.at : "",
    organisation: typeof event.organisation === "string" ? event.organisation : null,
    actor: actor(event),
  };
}

// "organisation" where one acted. What the person did about an organisation names that one, too. "guardian" where one was
// signed in; "with_guardian" where a guardian had signed what the person laid down.
function actor({ kind, organisation, staff, reason, detail }) {
  if (typeof detail?.acting === "string" && !staff) return "guardian";
  if (kind === "directive_stored" && typeof detail?.capacity === "string") return "with_guardian";
  const own = OWN_KINDS.has(kind) || (kind === "patient_link_undone" && (reason === DISOWNED || !organisation));
  if (own && !staff) return "you";
  if (typeof organisation === "string") return "organisation";
  if (CODE_USER_KINDS.has(kind)) return "code_user";
  return CARD_USER_KINDS.has(kind) ? "card_user" : "centre_itself";
}
