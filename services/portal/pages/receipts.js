// What a receipt of one copy follows from (`sekisho-receipt/1`): the texts as signed, the body's word, its log. The receipt
// itself is made of it by who verifies it, `sekisho receipt make`; nothing is said here that does not follow from this file.

import { hex, sha256, toBase64, utf8 } from "./bytes.js";
import { CentreError } from "./centres.js";
import { FORMAT as EVIDENCE } from "./evidence.js";
import { DIRECTIVE, read, WITHDRAWAL } from "./jws.js";
import { inEveryLanguage } from "./words.js";

const FORMAT = "sekisho-receipt/1";
const GOOD = new Set(["proved", "unchecked"]);
const SHOWN = [["permit", "notice_permit"], ["permit", "notice_deny"], ["emergency", "notice"]];

// The copy whose receipt it is, as a receipt names the person as one body does: the medical centre's where it has one.
export const chosenCopy = ({ copies }) => copies.findLast(({ body }) => body === "medical") ?? copies.at(-1);

export async function proofOf(hand, copy, { answers }) {
  const { body, id, jws, withdrawal, receipt } = copy;
  const signed = [[DIRECTIVE, jws], ...(withdrawal ? [[WITHDRAWAL, withdrawal]] : [])];
  const evidence = await alone(answers.find((each) => each.body === body), signed.map(([, text]) => text));
  const keys = new Map();
  for (const [typ, text] of signed) {
    const { crv, kty, x } = await hand.signerOf(body, text, typ);
    keys.set(x, { crv, kty, x });
  }
  if (receipt) await hand.checkReceipt(receipt, { body, directive: id });
  const text = await shownText(read(jws).terms.notice.sha256_of_text);
  return {
    format: FORMAT,
    evidence,
    directive: jws,
    ...(withdrawal ? { withdrawal } : {}),
    ...(receipt ? { deletion: receipt } : {}),
    keys: [...keys.values()],
    ...(text === undefined ? {} : { text }),
  };
}

// The entries that took these texts in, and nothing else of the person's history.
async function alone({ body, evidence, entries, error }, texts) {
  if (error) throw error;
  const digests = await Promise.all(texts.map(async (each) => toBase64(await sha256(utf8(each)))));
  const places = digests.map((digest) =>
    evidence.entries.findIndex(({ opening }, at) => opening.statement_digest === digest && GOOD.has(entries[at].verdict)),
  );
  if (places.includes(-1)) throw new CentreError(body, "receipt_not_yet");
  const found = places.sort((one, other) => one - other).map((place) => evidence.entries[place]);
  const heads = [...new Set(found.map(({ checkpoint }) => evidence.checkpoints[checkpoint]))];
  const moved = found.map((each) => ({ ...each, checkpoint: heads.indexOf(evidence.checkpoints[each.checkpoint]) }));
  return { format: EVIDENCE, checkpoints: heads, entries: moved };
}

// The text with this digest, where this page is what showed it.
async function shownText(digest) {
  for (const text of SHOWN.flatMap(([group, key]) => inEveryLanguage(group, key))) {
    if (hex(await sha256(utf8(text))) === digest) return text;
  }
  return undefined;
}
