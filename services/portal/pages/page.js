// The page: signing in with the card file or a passkey, going from one part to another, saving the evidence, forgetting
// everything. The person, their keys and what was read are in `state` only; nothing is written to any storage (K7).

import * as banks from "./banks_page.js";
import { CardError, readCard, unlock } from "./card.js";
import * as cards from "./cards_page.js";
import { needsCare, showCentres } from "./centre_lines.js";
import { askShare, endSession, fetchJson, Person, suspendByCode } from "./centres.js";
import { startConfirming, stopAsking } from "./confirm.js";
import { at, download, markWrong, say, tell, tellAgain, today } from "./elements.js";
import * as emergency from "./emergency_page.js";
import { explain } from "./explain.js";
import * as guardian from "./guardian_page.js";
import { loadHistory } from "./history.js";
import * as joint from "./joint_page.js";
import { listed } from "./laid_down.js";
import * as links from "./links_page.js";
import * as number from "./number_page.js";
import { canUsePasskeys, usePasskey } from "./passkeys.js";
import * as passkeys from "./passkeys_list.js";
import * as permit from "./permit_page.js";
import * as recalls from "./recalls_page.js";
import * as records from "./records_page.js";
import * as sharing from "./sharing_page.js";
import { chosen, fill } from "./table.js";
import * as watch from "./watch_page.js";
import { currentLanguage, loadWords, switchLanguage, word } from "./words.js";

// what each part of the page shows, under its name in the address
const PARTS = {
  history: [],
  records: [records],
  sharing: [sharing],
  permit: [permit],
  emergency: [emergency],
  watch: [watch],
  recalls: [recalls],
  cards: [cards, passkeys],
  links: [links],
  banks: [banks],
  guardian: [guardian, joint],
  number: [number],
};
const MODULES = Object.values(PARTS).flat();
const SIGN_IN_FIELDS = ["card", "pin"];
const FIRST = "history";
// what there is for somebody for whom one acts; the rest is the person's own
const FOR_WARDS = ["history", "records", "sharing", "permit", "guardian"];
let state = null;
let timer = null;

function complain(message, field) {
  tell(state ? "trouble" : "problem", message);
  markWrong("problem", SIGN_IN_FIELDS, field);
}

async function signIn() {
  const file = at("card").files[0];
  const pin = at("pin").value;
  if (!file) return complain(() => word("errors", "no_file"), "card");
  if (!pin) return complain(() => word("errors", "no_pin"), "pin");
  if (!globalThis.crypto?.subtle) return complain(() => word("errors", "old_browser"));
  complain();
  at("sign-in-button").disabled = true;
  let card = null;
  try {
    say(() => word("page", "working_card"));
    card = await readCard(file);
    await requireSameCentres(card);
    const key = await unlock(card, pin, askShare);
    say(() => word("page", "working_sign_in"));
    await enter(await Person.byCard(card, key), card);
  } catch (error) {
    say();
    complain(...explain(error, { hint: card?.applications.authentication.hint }));
  } finally {
    at("pin").value = "";
    at("sign-in-button").disabled = false;
  }
}

// The passkey's device signs for this page's address only; nothing but the card file says whom to trust about the log.
async function signInWithPasskey() {
  if (!canUsePasskeys()) return complain(() => word("errors", "old_browser"));
  complain();
  at("passkey-button").disabled = true;
  try {
    say(() => word("page", "working_sign_in"));
    const { bodies } = await fetchJson("portal", "/config.json");
    await enter(await Person.byPasskey(bodies, usePasskey), null);
  } catch (error) {
    say();
    complain(...explain(error, { byPasskey: true }));
  } finally {
    at("passkey-button").disabled = false;
  }
}

// Without signing in: whoever lost the card cannot.
async function stopByCode() {
  const code = at("code").value.trim();
  const complainOfCode = (message, field) => {
    tell("code-problem", message);
    markWrong("code-problem", ["code"], field);
  };
  if (!code) return complainOfCode(() => word("errors", "no_code"), "code");
  complainOfCode();
  at("stop-by-code-button").disabled = true;
  try {
    await suspendByCode(code);
    at("stop-by-code").reset();
    say(() => word("page", "code_received"));
  } catch (error) {
    const slip = error.code === "malformed_request";
    complainOfCode(slip ? () => word("errors", "code_slip") : explain(error)[0], slip ? "code" : null);
  } finally {
    at("stop-by-code-button").disabled = false;
  }
}

async function enter(person, card) {
  const lasts = await person.openSession();
  const now = { person, card, history: null, ward: null, own: null, signs: card !== null };
  const isOver = () => (state === now || state?.own === now) && forget(() => word("page", "session_over"));
  now.reload = () => readAgain(now);
  now.actFor = (ward) => actFor(now, ward);
  person.whenOver = isOver;
  state = now;
  timer = setTimeout(isOver, lasts * 1000);
  at("sign-in").reset();
  at("signing-in").hidden = true;
  at("signed-in").hidden = false;
  at("without-card").hidden = card !== null;
  await load();
  if (state === now) await goTo(part());
}

// From here on everything that is read and done is the ward's; the medical centre's answer shows that one may.
async function actFor(own, ward) {
  const person = await own.person.forWard(ward.guardianship);
  person.whenOver = own.person.whenOver;
  await listed(person);
  if (state !== own) return;
  const now = { person, card: own.card, history: null, ward, own, signs: ward.file !== null };
  now.reload = () => readAgain(now);
  await become(now);
}

async function become(now) {
  stopAsking();
  forgetShown();
  state = now;
  showActing();
  await load();
  if (state !== now) return;
  history.replaceState(null, "", "#guardian");
  await goTo("guardian");
}

function showActing() {
  const ward = state?.ward ?? null;
  at("acting").hidden = ward === null;
  tell("acting-who", ward === null ? undefined : () => guardian.who(ward));
  for (const link of document.querySelectorAll("[data-part]")) link.closest("li").hidden = !isThere(link.dataset.part);
}

const isThere = (name) => !state?.ward || FOR_WARDS.includes(name);

function stopActing() {
  const { own, person } = state;
  const ended = become(own);
  person.signOut().catch(() => null); // what is not ended expires within minutes
  return ended;
}

// The card says where the centres are, not the portal: one that relays for others is told apart before anything is sent.
async function requireSameCentres(card) {
  const { bodies } = await fetchJson("portal", "/config.json");
  const names = Object.keys(bodies);
  if (!names.every((name) => bodies[name] === card.urls[name])) throw new CardError("other_portal");
}

async function load() {
  say(() => word("page", "working_history"));
  complain();
  const now = state;
  if (!(await readAgain(now))) return;
  const { entries, answers } = now.history;
  const count = entries.length;
  const proved = entries.filter((entry) => entry.verdict === "proved").length;
  const shown = at("entries").tBodies[0].rows.length;
  say(() => `${word("page", "loaded", { count, proved, shown })} ${needsCare(answers)}`.trim());
}

// Reads the history anew; tells whether the person is still signed in.
async function readAgain(now) {
  const history = await loadHistory(now);
  if (state !== now) return false;
  now.history = history;
  show();
  return true;
}

function show() {
  if (!state?.history) return;
  const { entries, register, verifies } = state.history;
  fill("entries", chosen(entries, at("show").value), register);
  at("no-ed25519").hidden = verifies || state.card === null;
  at("history-of-ward").hidden = state.ward === null;
  showCentres(state.history, state.card !== null);
}

const part = () => {
  const asked = location.hash.slice(1);
  return Object.hasOwn(PARTS, asked) && isThere(asked) ? asked : FIRST;
};

async function goTo(name) {
  const now = state;
  for (const each of Object.keys(PARTS)) at(each).hidden = each !== name;
  for (const link of document.querySelectorAll("[data-part]")) {
    if (link.dataset.part === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  entitle();
  await Promise.all(PARTS[name].map((each) => each.open(now)));
  if (state === now) at(`${name}-heading`).focus();
}

function entitle() {
  const name = part();
  const plain = state === null || name === FIRST;
  const title = plain ? word("page", "title") : word("page", "title_of", { part: word("page", `nav_${name}`) });
  document.title = state?.ward ? `${guardian.who(state.ward)} – ${title}` : title;
}

function save() {
  const { evidence } = state.history;
  download(`sekisho-evidence-${today()}.json`, `${JSON.stringify(evidence, null, 1)}\n`);
  const count = evidence.entries.length;
  say(() => word("page", "saved", { count }));
}

async function signOut(message = () => word("page", "signed_out")) {
  const people = [state.person, ...(state.own ? [state.own.person] : [])];
  forget(message);
  await Promise.allSettled([...people.map((each) => each.signOut()), endSession()]);
}

function forget(message) {
  clearTimeout(timer);
  stopAsking();
  state = null;
  forgetShown();
  showActing();
  at("sign-in").reset();
  at("signed-in").hidden = true;
  at("signing-in").hidden = false;
  complain();
  tell("trouble");
  say(message);
  history.replaceState(null, "", location.pathname + location.search);
  entitle();
  at("sign-in-heading").focus();
}

function forgetShown() {
  for (const each of MODULES) each.forget();
  for (const table of document.querySelectorAll(".entries tbody")) table.replaceChildren();
  at("centres").replaceChildren();
  tell("witnesses");
}

function speak(language) {
  switchLanguage(language);
  entitle();
  tellAgain();
  show();
  if (state?.history) for (const each of MODULES) each.show();
}

function whenPressed() {
  for (const [form, act] of [["sign-in", signIn], ["stop-by-code", stopByCode]]) {
    at(form).addEventListener("submit", (event) => {
      event.preventDefault();
      act();
    });
  }
  at("passkey-button").addEventListener("click", signInWithPasskey);
  at("refresh").addEventListener("click", load);
  at("save").addEventListener("click", save);
  at("sign-out").addEventListener("click", () => signOut());
  at("stop-acting").addEventListener("click", stopActing);
  at("show").addEventListener("change", () => {
    show();
    const count = at("entries").tBodies[0].rows.length;
    const all = state.history.entries.length;
    say(() => word("page", "shown", { count, all }));
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
}

async function start() {
  await loadWords();
  startConfirming();
  cards.start(signOut);
  emergency.start();
  guardian.start();
  joint.start();
  number.start();
  permit.start();
  sharing.start();
  passkeys.start();
  records.start();
  watch.start();
  whenPressed();
  addEventListener("hashchange", () => {
    const known = Object.hasOwn(PARTS, location.hash.slice(1)) || location.hash === "";
    if (!state?.history || !known) return;
    say();
    goTo(part());
  });
  // a page that is put aside must not come back with keys and history in it
  addEventListener("pagehide", () => {
    if (state) endSession({ keepalive: true }).catch(() => null);
    forget(() => "");
  });
  document.documentElement.dataset.ready = currentLanguage();
}

start();
