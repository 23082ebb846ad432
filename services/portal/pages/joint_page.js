// The youth's half of a permission that takes two: what a guardian approved is shown with the notice and what would change,
// and signed with the own card.

import { readApproval } from "./approving.js";
import { hex, sha256, utf8 } from "./bytes.js";
import { ask } from "./confirm.js";
import { facts, inShort } from "./directive_words.js";
import { at, element, markWrong, say, tell } from "./elements.js";
import { explain } from "./explain.js";
import { changesInWords } from "./sharing_page.js";
import { byPin, withHand } from "./signing.js";
import { inEveryLanguage, word } from "./words.js";

const FIELDS = ["joint-file"];
const FILE_FAULTS = ["not_an_approval", "approval_over"];
let session = null;
let shown = null;

export function start() {
  at("joint-form").addEventListener("submit", (event) => {
    event.preventDefault();
    preview();
  });
  at("joint-form").addEventListener("input", hide);
  at("joint-sign").addEventListener("click", askToSign);
}

export function open(now) {
  session = now;
  show();
}

export function show() {
  if (session === null) return;
  at("joint").hidden = session.card === null || session.ward !== null;
  showPreview();
}

export function forget() {
  session = null;
  hide();
  for (const id of ["joint-terms", "joint-changes"]) at(id).replaceChildren();
  for (const id of ["joint-notice", "joint-notice-here", "joint-refusing"]) at(id).textContent = "";
  at("joint-form").reset();
  complain();
}

function complain(message, field = null) {
  tell("joint-problem", message);
  markWrong("joint-problem", FIELDS, field);
}

async function preview() {
  const now = session;
  hide();
  complain();
  const [file] = at("joint-file").files;
  if (!file) return complain(() => word("joint", "fault_file"), "joint-file");
  at("joint-show").disabled = true;
  try {
    const approval = await readApproval(file);
    const notice = await noticeOf(approval.terms);
    if (notice === null) return complain(() => word("joint", "fault_notice"), "joint-file");
    const { differences } = await now.person.post("medical", "/simulations", { terms: approval.terms });
    if (session !== now) return;
    shown = { ...approval, notice, differences };
    showPreview();
    at("joint-preview-heading").focus();
  } catch (error) {
    if (session === now) complain(explain(error)[0], FILE_FAULTS.includes(error.code) ? "joint-file" : null);
  } finally {
    at("joint-show").disabled = false;
  }
}

// The text whose digest the guardian signed, in whichever language that was; it is shown in the present one, too. Null where
// this page does not know it.
async function noticeOf({ notice }) {
  for (const told of inEveryLanguage("permit", "notice_permit")) {
    if (hex(await sha256(utf8(told))) === notice.sha256_of_text) return { told, refusing: String(notice.refusal_meaning) };
  }
  return null;
}

function showPreview() {
  at("joint-preview").hidden = shown === null;
  if (shown === null) return;
  const { terms, notice, differences } = shown;
  const here = word("permit", "notice_permit");
  at("joint-notice").textContent = notice.told;
  at("joint-refusing").textContent = notice.refusing;
  for (const id of ["joint-notice", "joint-refusing"]) at(id).lang = terms.notice.language;
  at("joint-notice-here").textContent = here === notice.told ? "" : here;
  const pairs = facts(terms, session.history.register);
  at("joint-terms").replaceChildren(...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  at("joint-changes").replaceChildren(...changesInWords(differences).map((each) => element("li", {}, each)));
}

function hide() {
  shown = null;
  at("joint-preview").hidden = true;
}

function askToSign() {
  const now = session;
  const { terms, signatures, differences } = shown;
  ask({
    title: word("joint", "title"),
    effects: [inShort(terms, now.history.register), ...changesInWords(differences), word("permit", "any_time")],
    yes: word("joint", "yes"),
    ...byPin(now),
    act: async (pin) => {
      const count = await withHand(now, pin, (hand) => hand.layDown(terms, signatures));
      if (session !== now) return;
      at("joint-form").reset();
      hide();
      say(() => word("permit", "done_permit", { count }));
      await now.reload();
    },
  });
}
