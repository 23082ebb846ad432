// One history out of what all centres wrote down about the person, each entry with its verdict.

import { fromBase64url, text, utf8 } from "./bytes.js";
import { merge, verifyEvidence } from "./evidence.js";
import { canVerify, verifyEd25519 } from "./notes.js";

export const BODIES = ["identity", "registry", "medical", "product_safety", "oversight", "research"];
const REGISTER_TYPE = "sekisho-register+jws";
// who acts where no organisation does: whoever has the card file, the person, or else the centre itself
const CARD_USER_KINDS = new Set(["card_unlock_refused", "token_refused", "passkey_refused"]);
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
]);

// Asks all centres at once. A centre that fails is told apart; the others' entries are shown all the same.
export async function loadHistory(person, card) {
  // without the card file nothing says whom to trust about logs and names
  const verifies = card !== null && (await canVerify());
  const answers = await Promise.all(BODIES.map((body) => askOne(person, card, { body, verifies })));
  const names = verifies ? await organisationNames(person, card).catch(() => new Map()) : new Map();
  const entries = answers.flatMap((answer) => answer.entries);
  entries.sort((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : other.index - one.index));
  const evidence = merge(answers.filter((answer) => answer.evidence).map((answer) => answer.evidence));
  return { verifies, answers, entries, evidence, names };
}

async function askOne(person, card, { body, verifies }) {
  try {
    const evidence = await person.get(body, "/history");
    const verdicts = await verifyEvidence(evidence, card?.trust ?? null, { body, verifies });
    const entries = evidence.entries.map((entry, place) => readEntry(entry, body, verdicts[place]));
    return { body, evidence, entries };
  } catch (error) {
    return { body, error, entries: [] };
  }
}

function readEntry({ index, opening: { event } }, body, verdict) {
  return {
    body,
    index,
    verdict,
    event,
    at: typeof event.at === "string" ? event.at : "",
    organisation: typeof event.organisation === "string" ? event.organisation : null,
    actor: actor(event.kind),
  };
}

function actor(kind) {
  if (CARD_USER_KINDS.has(kind)) return "card_user";
  return OWN_KINDS.has(kind) ? "you" : "centre_itself";
}

// Names of organisations, from the register that the oversight body signed.
async function organisationNames(person, card) {
  const { register } = await person.get("oversight", "/register");
  const [header, payload, signature, ...rest] = register.split(".");
  const { typ } = JSON.parse(text(fromBase64url(header)));
  const good = await verifyEd25519(card.registerKey, fromBase64url(signature), utf8(`${header}.${payload}`));
  if (!good || rest.length > 0 || typ !== REGISTER_TYPE) return new Map();
  const { organisations } = JSON.parse(text(fromBase64url(payload)));
  return new Map(organisations.map((each) => [each.id, each.name]));
}
