// The page about the person's own records: opened here with the wallet on the card, kept by no one, forgotten on leaving.

import { text } from "./bytes.js";
import { CentreError } from "./centres.js";
import { ask } from "./confirm.js";
import { DelegationError } from "./delegation.js";
import { at, button, card, download, element, markWrong, save, say, tell, today } from "./elements.js";
import { explain } from "./explain.js";
import { MEASURES, observation } from "./measures.js";
import { depositOwn, fetchLarge, fhirBundle, LARGEST, readOwn, resourceOf } from "./own_records.js";
import { clinical } from "./resources.js";
import { byPin, seedOf } from "./signing.js";
import { named } from "./table.js";
import { currentLanguage, word } from "./words.js";

const SHOWN_AT_ONCE = 60;
const ALL = "all";
const MEASURED = "checkup";
const FIELDS = ["measure-value", "measure-at"];
let session = null;
let records = null;
let unopened = [];
let shown = SHOWN_AT_ONCE;

export function open(now) {
  session = now;
  tell("records-problem");
  at("measure-at").value = localNow();
  show();
}

export function show() {
  if (session === null) return;
  const withCard = session.card !== null;
  at("records-without-card").hidden = withCard;
  at("records-without-file").hidden = session.signs || !withCard;
  at("records-open").hidden = !session.signs || records !== null;
  at("measure").hidden = !withCard;
  at("records-of-ward").hidden = session.ward === null;
  at("records-add").hidden = session.ward !== null;
  choices("measure-what", Object.keys(MEASURES), measureName);
  hintValue();
  at("records-opened").hidden = records === null;
  if (records !== null) showRecords();
}

export function forget() {
  session = null;
  letGo();
  at("measure").reset();
  complain();
  tell("records-problem");
}

export function start() {
  at("records-open").addEventListener("click", askToOpen);
  at("records-close").addEventListener("click", () => {
    letGo();
    show();
    say(() => word("records", "closed"));
    at("records-open").focus();
  });
  at("records-choose").addEventListener("change", () => {
    shown = SHOWN_AT_ONCE;
    showRecords();
  });
  at("records-more").addEventListener("click", () => {
    const before = at("own-records").children.length;
    shown += SHOWN_AT_ONCE;
    showRecords();
    at("own-records").children[before].querySelector("summary, button")?.focus();
  });
  at("records-save").addEventListener("click", () => {
    download(`sekisho-records-${today()}.json`, `${JSON.stringify(fhirBundle(records), null, 1)}\n`);
    const count = records.length;
    say(() => word("records", "saved", { count }));
  });
  at("measure-what").addEventListener("change", hintValue);
  at("measure").addEventListener("submit", (event) => {
    event.preventDefault();
    askToAdd();
  });
}

// What was opened is in this module only; nothing of it stays in the document.
function letGo() {
  records = null;
  unopened = [];
  shown = SHOWN_AT_ONCE;
  at("records-left-out").replaceChildren();
  at("own-records").replaceChildren();
  at("records-choose").replaceChildren();
  at("records-opened").hidden = true;
  at("records-busy").hidden = true;
  at("records-count").textContent = "";
}

function askToOpen() {
  const now = session;
  ask({
    title: word("records", "open_title"),
    effects: [
      word("records", "open_effect_here"),
      now.ward ? word("acted", "fetch_noted") : word("records", "open_effect_noted"),
      word("records", "open_effect_gone"),
    ],
    yes: word("records", "open_yes"),
    ...byPin(now),
    act: async (pin) => {
      const seed = await seedOf(now, pin);
      read(now, seed); // goes on behind the dialogue, which has the PIN no more
    },
  });
}

async function read(now, seed) {
  at("records-open").disabled = true;
  at("records-busy").hidden = false;
  tell("records-problem");
  try {
    const watch = (count) => session === now && say(() => word("records", "working", { count }));
    const found = await readOwn(now.person, { register: requireRegister(now), seed, watch });
    if (session !== now) return;
    records = found.filter((each) => !each.unopened).reverse();
    unopened = found.filter((each) => each.unopened);
    await now.reload();
    if (session !== now) return;
    show();
    say(() => word("records", "opened", { count: found.length - unopened.length }));
    at("own-records-heading").focus();
  } catch (error) {
    if (session === now) tell("records-problem", problem(error));
    say();
  } finally {
    seed.fill(0);
    at("records-open").disabled = false;
    at("records-busy").hidden = true;
  }
}

function showRecords() {
  at("records-left-out").replaceChildren(...unopened.map((each) => element("li", {}, leftOut(each))));
  const kinds = [...new Set(records.map((each) => each.category))].sort();
  choices("records-choose", [ALL, ...kinds], (each) =>
    each === ALL ? word("records", "all_kinds") : word("categories", each) ?? each,
  );
  const choice = at("records-choose").value;
  const wanted = records.filter((each) => choice === ALL || each.category === choice);
  at("own-records").replaceChildren(...wanted.slice(0, shown).map(line));
  at("records-more").hidden = wanted.length <= shown;
  const values = { shown: Math.min(shown, wanted.length), count: wanted.length };
  at("records-count").textContent = word("records", records.length + unopened.length === 0 ? "none" : "count", values);
}

function leftOut({ category, year, author }) {
  const kind = `${word("categories", category) ?? category}, ${year}`;
  return word("records", "left_out", { kind, writer: writerOf(author) });
}

function writerOf(author) {
  const { register } = session.history;
  return register.names.has(author) ? named(author, register) : ownWord();
}

function line(record) {
  const { category, year, author, large } = record;
  const resource = large ? null : resourceOf(record);
  const told = large ? { title: large.name, facts: [] } : clinical(resource);
  const facts = [
    ...told.facts.map(([name, value]) => [word("records", name), value]),
    [word("records", "kind"), `${word("categories", category) ?? category}, ${year}`],
    [word("records", "writer"), writerOf(author)],
  ];
  const title = told.title ?? word("records", "untitled");
  if (!large) return card(title, facts, whole(record, resource));
  facts.push([word("records", "size"), word("records", "megabytes", { size: Math.max(1, Math.round(large.bytes / 1e6)) })]);
  const text_ = word("records", "fetch");
  return card(title, facts, button(text_, `${text_}: ${title}`, () => fetchFile(record)));
}

const ownWord = () => (session.ward ? word("acted", "ward") : word("records", "you"));

function whole({ content, mediaType }, resource) {
  let readable;
  try {
    readable = resource ? JSON.stringify(resource, null, 1) : text(content);
  } catch {
    readable = word("records", "not_text", { mediaType, size: content.length });
  }
  const summary = element("summary", {}, word("records", "whole"));
  return element("details", {}, summary, element("pre", { tabindex: "0" }, readable));
}

async function fetchFile(record) {
  const now = session;
  tell("records-problem");
  if (record.large.bytes > LARGEST) {
    return tell("records-problem", () => word("records", "too_large"));
  }
  try {
    const watch = (done, of) => session === now && say(() => word("records", "fetching", { done, of }));
    const blob = await fetchLarge(now.person, record, watch);
    if (session !== now) return;
    save(record.large.name, blob);
    say(() => word("records", "fetched", { name: record.large.name }));
  } catch (error) {
    if (session === now) tell("records-problem", problem(error));
  }
}

function askToAdd() {
  const now = session;
  const name = at("measure-what").value;
  const typed = at("measure-value").value.trim().normalize("NFKC").replace(",", ".");
  const when = new Date(at("measure-at").value);
  const { least, most, unit } = MEASURES[name];
  const value = Number(typed);
  if (typed === "" || !Number.isFinite(value) || value < least || value > most) {
    return complain(() => word("records", "wrong_value", { least, most, unit }), "measure-value");
  }
  if (Number.isNaN(when.getTime()) || when > new Date()) return complain(() => word("records", "wrong_time"), "measure-at");
  complain();
  const told = `${measureName(name)}: ${value} ${unit}`;
  ask({
    title: word("records", "add_title", { told }),
    effects: ["add_effect_sealed", "add_effect_permitted", "add_effect_stays"].map((key) => word("records", key)),
    yes: word("records", "add_yes"),
    ...byPin(now),
    act: async (pin) => {
      const register = requireRegister(now);
      const seed = await seedOf(now, pin);
      const place = `${MEASURED}/${when.getUTCFullYear()}`;
      try {
        await depositOwn(now.person, { register, seed, place, resource: observation(name, value, when) });
      } catch (error) {
        if (error instanceof DelegationError) throw new CentreError("portal", error.code);
        throw error;
      } finally {
        seed.fill(0);
      }
      if (session !== now) return;
      letGo();
      at("measure").reset();
      at("measure-at").value = localNow();
      await now.reload();
      if (session !== now) return;
      show();
      say(() => word("records", "added", { told }));
    },
  });
}


// Without the signed register nobody's signature can be checked, so nothing is opened.
function requireRegister(now) {
  const { register } = now.history;
  if (register.signingKeys.size === 0) throw new CentreError("oversight", now.history.verifies ? "not_verified" : "old_browser");
  return register;
}

function problem(error) {
  if (error instanceof DelegationError) return () => word("errors", error.code);
  return explain(error)[0];
}

function complain(message, field = null) {
  tell("measure-problem", message);
  markWrong("measure-problem", FIELDS, field);
}

function choices(id, values, name) {
  const select = at(id);
  const before = select.value;
  select.replaceChildren(...values.map((each) => element("option", { value: each }, name(each))));
  if (values.includes(before)) select.value = before;
}

const measureName = (name) => MEASURES[name][currentLanguage()];

function hintValue() {
  const { unit, least, most } = MEASURES[at("measure-what").value];
  at("measure-value-hint").textContent = word("records", "value_hint", { unit, least, most });
}

// What a datetime-local field takes: the moment as this place's clocks show it, without seconds.
function localNow() {
  const now = new Date();
  return new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
