// The page: signing in with the card file, showing the history, saving the evidence, forgetting everything.
// The person, their keys and their history are in `state` only; nothing is written to any storage (K7).

import { CardError, readCard, unlock } from "./card.js";
import { askShare, CentreError, endSession, fetchJson, Person } from "./centres.js";
import { loadHistory } from "./history.js";
import { canUsePasskeys, makePasskey, PasskeyError, usePasskey } from "./passkeys.js";
import { centreLine, chosen, row } from "./table.js";
import { currentLanguage, loadWords, switchLanguage, word } from "./words.js";

const at = (id) => document.getElementById(id);
const state = { passkeys: [], passkeyProblem: () => "", card: null, person: null, history: null, timer: null, message: () => "", problem: () => "" };

function say(message) {
  state.message = message;
  at("status").textContent = message();
}

function complain(problem, field) {
  state.problem = problem;
  at("problem").textContent = state.person ? "" : problem();
  at("trouble").textContent = state.person ? problem() : "";
  for (const id of ["card", "pin"]) {
    const wrong = id === field;
    at(id).setAttribute("aria-invalid", String(wrong));
    at(id).setAttribute("aria-describedby", wrong ? `problem ${id}-hint` : `${id}-hint`);
  }
  if (field) at(field).focus();
}

// Returns [text, field]: what to tell the person, and which field it is about.
function explain(error) {
  if (error instanceof CardError) return [() => word("errors", error.code), "card"];
  if (error instanceof PasskeyError) return [() => word("errors", error.code), null];
  if (!(error instanceof CentreError)) return [() => word("errors", "bad_answer"), null];
  const { body, code, members } = error;
  const centre = () => word("bodies", members.body ?? body);
  if (code === "wrong_pin") {
    const tries = members.tries_left;
    if (!Number.isInteger(tries)) return [() => word("errors", "wrong_pin"), "pin"];
    if (tries === 0) return [() => word("errors", "pin_locked"), "pin"];
    return [() => word("errors", tries === 1 ? "last_try" : "tries_left", { tries }), "pin"];
  }
  if (code === "pin_locked") return [() => word("errors", "pin_locked"), "pin"];
  if (code === "unavailable") return [() => word("errors", "centre_down", { centre: centre() }), null];
  if (code === "invalid_grant" && at("passkey-button").disabled) {
    return [() => word("errors", "passkey_refused_here"), null];
  }
  if (code === "invalid_grant" || code === "card_not_usable") return [() => word("errors", "card_refused"), "card"];
  if (code === "invalid_dpop_proof") return [() => word("errors", "clock"), null];
  if (["portal_down", "session_required", "bad_answer"].includes(code)) return [() => word("errors", code), null];
  return [() => word("errors", "refused", { centre: centre(), code }), null];
}

async function signIn() {
  const file = at("card").files[0];
  const pin = at("pin").value;
  if (!file) return complain(() => word("errors", "no_file"), "card");
  if (!pin) return complain(() => word("errors", "no_pin"), "pin");
  if (!globalThis.crypto?.subtle) return complain(() => word("errors", "old_browser"), null);
  complain(() => "", null);
  at("sign-in-button").disabled = true;
  try {
    say(() => word("page", "working_card"));
    const card = await readCard(file);
    await requireSameCentres(card);
    const key = await unlock(card, pin, askShare);
    say(() => word("page", "working_sign_in"));
    await enter(await Person.byCard(card, key), card);
  } catch (error) {
    say(() => "");
    complain(...explain(error));
  } finally {
    at("pin").value = "";
    at("sign-in-button").disabled = false;
  }
}

// The passkey's device signs for this page's address only; nothing but the card file says whom to trust about the log.
async function signInWithPasskey() {
  if (!canUsePasskeys()) return complain(() => word("errors", "old_browser"), null);
  complain(() => "", null);
  at("passkey-button").disabled = true;
  try {
    say(() => word("page", "working_sign_in"));
    const { bodies } = await fetchJson("portal", "/config.json");
    await enter(await Person.byPasskey(bodies, usePasskey), null);
  } catch (error) {
    say(() => "");
    complain(...explain(error));
  } finally {
    at("passkey-button").disabled = false;
  }
}

async function enter(person, card) {
  const lasts = await person.openSession();
  Object.assign(state, { card, person, timer: setTimeout(timeIsOver, lasts * 1000) });
  at("sign-in").reset();
  at("signing-in").hidden = true;
  at("history").hidden = false;
  at("without-card").hidden = card !== null;
  at("add-passkey").hidden = card === null || !canUsePasskeys();
  await load();
  at("history-heading").focus();
}

async function addPasskey() {
  const name = at("passkey-name").value.trim();
  if (!name) return complainOfPasskey(() => word("errors", "no_passkey_name"), "passkey-name");
  await changePasskeys("passkey_added", async (person) => {
    const { challenge, options } = await person.post("identity", "/passkeys/options", { name });
    const credential = await makePasskey(options);
    return person.post("identity", "/passkeys", { name, challenge, credential });
  });
}

const removePasskey = (id) =>
  changePasskeys("passkey_removed", (person) => person.post("identity", "/passkeys/removals", { id }));

async function changePasskeys(done, change) {
  const { person } = state;
  complainOfPasskey(() => "", null);
  at("add-passkey-button").disabled = true;
  try {
    const { passkeys } = await change(person);
    if (state.person !== person) return;
    state.passkeys = passkeys;
    at("add-passkey").reset();
    showPasskeys();
    say(() => word("page", done));
    at("passkeys-heading").focus();
  } catch (error) {
    complainOfPasskey(explain(error)[0], null);
  } finally {
    at("add-passkey-button").disabled = false;
  }
}

function complainOfPasskey(problem, field) {
  state.passkeyProblem = problem;
  at("passkey-problem").textContent = problem();
  at("passkey-name").setAttribute("aria-invalid", String(field !== null));
  if (field) at(field).focus();
}

function showPasskeys() {
  at("no-passkeys").hidden = state.passkeys.length > 0;
  at("passkeys").replaceChildren(
    ...state.passkeys.map(({ id, name, added, used }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      const last = used === null ? word("page", "passkey_unused") : day(used);
      item.textContent = `${word("page", "passkey_line", { name, added: day(added), used: last })} `;
      button.type = "button";
      button.textContent = word("page", "passkey_remove");
      button.setAttribute("aria-label", word("page", "passkey_remove_named", { name }));
      button.addEventListener("click", () => removePasskey(id));
      item.append(button);
      return item;
    }),
  );
}

const day = (seconds) => new Date(seconds * 1000).toLocaleDateString(currentLanguage());

// The card says where the centres are, not the portal: one that relays for others is told apart before anything is sent.
async function requireSameCentres(card) {
  const { bodies } = await fetchJson("portal", "/config.json");
  const names = Object.keys(bodies);
  if (!names.every((name) => bodies[name] === card.urls[name])) throw new CardError("other_portal");
}

async function load() {
  say(() => word("page", "working_history"));
  complain(() => "", null);
  const { person, card } = state;
  const history = await loadHistory(person, card);
  if (state.person !== person) return;
  const ended = history.answers.some((answer) => answer.error?.code === "session_required");
  if (ended) return forget(() => word("page", "session_over"));
  state.history = history;
  const held = await person.get("identity", "/passkeys").catch(() => ({ passkeys: [] }));
  if (state.person !== person) return;
  state.passkeys = held.passkeys;
  show();
  showPasskeys();
  const count = history.entries.length;
  const proved = history.entries.filter((entry) => entry.verdict === "proved").length;
  const shown = at("entries").tBodies[0].rows.length;
  say(() => word("page", "loaded", { count, proved, shown }));
}

function show() {
  if (!state.history) return;
  const { entries, answers, names, verifies } = state.history;
  const wanted = chosen(entries, at("show").value);
  at("entries").tBodies[0].replaceChildren(...wanted.map((entry) => row(entry, names)));
  at("entries").hidden = wanted.length === 0;
  at("nothing").hidden = wanted.length > 0;
  at("no-ed25519").hidden = verifies || state.card === null;
  at("centres").replaceChildren(
    ...answers.map((answer) => {
      const line = centreLine(answer, answer.error ? explain(answer.error)[0]() : "");
      const item = document.createElement("li");
      item.dataset.proof = line.state;
      item.textContent = line.text;
      return item;
    }),
  );
}

function save() {
  const { evidence } = state.history;
  const file = new Blob([JSON.stringify(evidence, null, 1), "\n"], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `sekisho-evidence-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  const count = evidence.entries.length;
  say(() => word("page", "saved", { count }));
}

async function signOut() {
  const { person } = state;
  forget(() => word("page", "signed_out"));
  await Promise.allSettled([person.signOut(), endSession()]);
}

const timeIsOver = () => forget(() => word("page", "session_over"));

function forget(message) {
  clearTimeout(state.timer);
  Object.assign(state, { card: null, person: null, history: null, timer: null, passkeys: [] });
  at("entries").tBodies[0].replaceChildren();
  at("centres").replaceChildren();
  at("passkeys").replaceChildren();
  at("sign-in").reset();
  at("add-passkey").reset();
  at("history").hidden = true;
  at("signing-in").hidden = false;
  complain(() => "", null);
  say(message);
  at("sign-in-heading").focus();
}

function speak(language) {
  switchLanguage(language);
  at("status").textContent = state.message();
  complain(state.problem, null);
  complainOfPasskey(state.passkeyProblem, null);
  show();
  showPasskeys();
}

async function start() {
  await loadWords();
  at("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    signIn();
  });
  at("passkey-button").addEventListener("click", signInWithPasskey);
  at("add-passkey").addEventListener("submit", (event) => {
    event.preventDefault();
    addPasskey();
  });
  at("refresh").addEventListener("click", load);
  at("save").addEventListener("click", save);
  at("sign-out").addEventListener("click", signOut);
  at("show").addEventListener("change", () => {
    show();
    const count = at("entries").tBodies[0].rows.length;
    const all = state.history.entries.length;
    say(() => word("page", "shown", { count, all }));
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  // a page that is put aside must not come back with keys and history in it
  addEventListener("pagehide", () => {
    if (state.person) endSession({ keepalive: true }).catch(() => null);
    forget(() => "");
  });
  document.documentElement.dataset.ready = currentLanguage();
}

start();
