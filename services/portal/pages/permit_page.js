// The page that permits and refuses: filled in, shown with the notice and what would change, signed for the PIN.

import { approve, approves } from "./approving.js";
import { hex, sha256, utf8 } from "./bytes.js";
import { ask } from "./confirm.js";
import { facts, inShort } from "./directive_words.js";
import { at, download, element, markWrong, say, tell, today } from "./elements.js";
import { explain } from "./explain.js";
import { fillOrganisations, numberIn, ticked } from "./fields.js";
import { changesInWords } from "./sharing_page.js";
import { byPin, withHand } from "./signing.js";
import { instant } from "./wallet.js";
import { currentLanguage, word } from "./words.js";

const EVERYBODY = "*";
const FIELDS = ["effect", "recipient", "professional", "category", "first", "last", "purpose", "days", "times"];
const DAY = 86_400_000;
const NOTICE_VERSION = "1";
const YEARS_BACK = 4;
let session = null;
let shown = null;

export function start() {
  at("permit-form").addEventListener("submit", (event) => {
    event.preventDefault();
    preview();
  });
  at("permit-form").addEventListener("input", hide);
  at("permit-sign").addEventListener("click", askToSign);
}

export function open(now) {
  session = now;
  if (at("first").value === "") reset();
  show();
}

export function show() {
  if (session === null) return;
  const { register } = session.history;
  at("permit-without-card").hidden = session.card !== null;
  at("permit-without-file").hidden = session.signs || session.card === null || approves(session);
  at("permit-both").hidden = !approves(session);
  at("permit-show").disabled = !session.signs && !approves(session);
  fillOrganisations("recipient", register, [[EVERYBODY, word("permit", "everybody")]]);
  showPreview();
}

export function forget() {
  session = null;
  hide();
  for (const id of ["permit-terms", "permit-changes"]) at(id).replaceChildren();
  at("permit-form").reset();
  at("first").value = "";
  complain();
}

function reset() {
  at("permit-form").reset();
  const year = new Date().getFullYear();
  at("first").value = String(year - YEARS_BACK);
  at("last").value = String(year);
}

function complain(message, field = null) {
  tell("permit-problem", message);
  markWrong("permit-problem", FIELDS, field);
}

// The first thing that is wrong: its field and its text; null when nothing is.
function faultOf(wish) {
  const checks = [
    [wish.effect !== undefined, "effect", "fault_effect"],
    [wish.recipient !== "", "recipient", "fault_recipient"],
    [!(wish.recipient === EVERYBODY && wish.effect === "permit"), "recipient", "fault_everybody"],
    [!(wish.professional && wish.role), "professional", "fault_role_or_professional"],
    [!(wish.professional && wish.recipient === EVERYBODY), "professional", "fault_professional_where"],
    [wish.categories.length > 0, "category", "fault_category"],
    [wish.first !== null, "first", "fault_year"],
    [wish.last !== null && wish.last >= wish.first, "last", "fault_years"],
    [wish.purposes.length > 0, "purpose", "fault_purpose"],
    [wish.days !== null, "days", "fault_days"],
    [wish.times !== null || wish.limit === "", "times", "fault_times"],
    [!(wish.effect === "deny" && (wish.limit !== "" || wish.onward)), "times", "fault_refusal_bound"],
  ];
  return checks.find(([good]) => !good) ?? null;
}

function readWish() {
  return {
    effect: ticked("effect")[0],
    recipient: at("recipient").value,
    role: at("role").value,
    professional: at("professional").value.trim(),
    categories: ticked("category").sort(),
    first: numberIn("first", 1000, 9999),
    last: numberIn("last", 1000, 9999),
    purposes: ticked("purpose").sort(),
    days: numberIn("days", 1, 3650),
    limit: at("times").value.trim(),
    times: numberIn("times", 1, 1000),
    unit: at("unit").value,
    onward: at("onward").checked,
  };
}

async function termsOf(wish) {
  const language = currentLanguage();
  const text = word("permit", `notice_${wish.effect}`);
  const conditions = {
    ...(wish.times === null ? {} : { frequency: { times: wish.times, unit: wish.unit } }),
    ...(wish.onward ? { onward: "allowed" } : {}),
  };
  const now = Date.now();
  return {
    ...(wish.recipient === EVERYBODY ? {} : { recipient: wish.recipient }),
    ...(wish.role ? { role: wish.role } : {}),
    ...(wish.professional ? { professional: wish.professional } : {}),
    effect: wish.effect,
    purposes: wish.purposes,
    scope: { kind: "records", categories: wish.categories, years: { first: wish.first, last: wish.last } },
    valid_from: instant(now),
    valid_until: instant(now + wish.days * DAY),
    notice: {
      text_id: `portal-${wish.effect}`,
      version: NOTICE_VERSION,
      language,
      sha256_of_text: hex(await sha256(utf8(text))),
      refusal_meaning: word("permit", "refusing"),
    },
    ...(Object.keys(conditions).length ? { conditions } : {}),
  };
}

async function preview() {
  const now = session;
  hide();
  const wish = readWish();
  const fault = faultOf(wish);
  if (fault) return complain(() => word("permit", fault[2]), fault[1]);
  if (wish.effect === "deny" && !now.signs) return complain(() => word("guardian", "without_file"));
  complain();
  try {
    const terms = await termsOf(wish);
    const { differences } = await now.person.post("medical", "/simulations", { terms });
    if (session !== now) return;
    shown = { terms, differences };
    showPreview();
    at("permit-preview-heading").focus();
  } catch (error) {
    complain(explain(error)[0]);
  }
}

// What was shown in one language is not signed in the other: it is shown anew.
function showPreview() {
  if (shown !== null && shown.terms.notice.language !== currentLanguage()) shown = null;
  at("permit-preview").hidden = shown === null;
  if (shown === null) return;
  const { terms, differences } = shown;
  at("permit-notice").textContent = word("permit", `notice_${terms.effect}`);
  at("permit-refusing").textContent = word("permit", "refusing");
  const pairs = facts(terms, session.history.register);
  at("permit-terms").replaceChildren(...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  at("permit-changes").replaceChildren(...changesInWords(differences).map((each) => element("li", {}, each)));
  at("permit-sign").textContent = onlyApproves(terms) ? word("joint", "approve") : word("permit", `sign_${terms.effect}`);
}

function hide() {
  shown = null;
  at("permit-preview").hidden = true;
}

const onlyApproves = ({ effect }) => effect === "permit" && approves(session);

function askToApprove() {
  const now = session;
  const { terms } = shown;
  ask({
    title: word("joint", "approve_title"),
    effects: [inShort(terms, now.history.register), word("joint", "approve_waits"), word("joint", "approve_file")],
    yes: word("joint", "approve_yes"),
    ...byPin(now),
    act: async (pin) => {
      const approval = await approve(now, pin, terms);
      if (session !== now) return;
      reset();
      hide();
      download(`sekisho-approval-${today()}.json`, approval);
      say(() => word("joint", "approve_done"));
    },
  });
}

function askToSign() {
  const now = session;
  const { terms, differences } = shown;
  if (onlyApproves(terms)) return askToApprove();
  ask({
    title: word("permit", `title_${terms.effect}`),
    effects: [inShort(terms, now.history.register), ...changesInWords(differences), word("permit", "any_time")],
    yes: word("permit", `yes_${terms.effect}`),
    ...byPin(now),
    act: async (pin) => {
      const count = await withHand(now, pin, (hand) => hand.layDown(terms));
      if (session !== now) return;
      reset();
      hide();
      say(() => word("permit", `done_${terms.effect}`, { count }));
      await now.reload();
    },
  });
}
