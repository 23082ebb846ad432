// What a guardian approves and a youth lays down with the own card: terms, and the guardian's signature for each body, in the
// form that `sekisho as-guardian approve` writes and `sekisho guardian lay-down` reads.

import { canonical, fromBase64url, text } from "./bytes.js";
import { CardError, openApplication } from "./card.js";
import { askShare } from "./centres.js";
import { PROXIES } from "./delegation.js";
import { signsAsGuardian } from "./ward_file.js";
import { instant } from "./wallet.js";

const LARGEST_FILE = 100_000;

// Whether the rules want the person's own card for what is permitted, and the guardian's signature beside it.
export const approves = ({ card, ward }) => card !== null && ward?.state === "youth";

// Returns the approval as text. The bodies' names of the ward are asked for, not registered: a youth with an own card has a
// wallet that no guardian knows. The guardian's own seed signs, and the ward's is not needed.
export async function approve({ person, card, ward }, pin, terms) {
  const { secrets } = await openApplication(card, "signature", pin, askShare);
  const own = fromBase64url(secrets.seed);
  try {
    const signs = await signsAsGuardian(own, ward);
    const signed = await Promise.all(
      PROXIES.map(async (body) => [body, await signs(body, (await person.get(body, "/wallet")).pseudonym, terms)]),
    );
    return canonical({ terms, signatures: Object.fromEntries(signed) });
  } finally {
    own.fill(0);
  }
}

// Returns what a guardian approved, not verified: each body knows the guardian's key and judges by itself.
export async function readApproval(file) {
  try {
    if (file.size > LARGEST_FILE) throw new CardError("not_an_approval");
    const { terms, signatures } = JSON.parse(text(new Uint8Array(await file.arrayBuffer())));
    const signed = PROXIES.every((body) => isText(signatures[body].capacity) && isText(signatures[body].proof));
    if (!signed || !arePermitted(terms)) throw new CardError("not_an_approval");
    if (terms.valid_until <= instant()) throw new CardError("approval_over");
    return { terms, signatures: Object.fromEntries(PROXIES.map((body) => [body, signatures[body]])) };
  } catch (error) {
    throw error.code === "approval_over" ? error : new CardError("not_an_approval");
  }
}

function arePermitted({ effect, recipient, purposes, scope, valid_from, valid_until, notice }) {
  const { kind, categories, years } = scope;
  const moments = [valid_from, valid_until].every((each) => isText(each) && !Number.isNaN(Date.parse(each)));
  const lists = [purposes, categories].every((each) => Array.isArray(each) && each.length > 0 && each.every(isText));
  const whole = [years.first, years.last].every(Number.isInteger);
  const named = [recipient, notice.sha256_of_text, notice.language].every(isText);
  return effect === "permit" && kind === "records" && named && moments && lists && whole;
}

const isText = (value) => typeof value === "string";
