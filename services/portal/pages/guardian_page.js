// The page about acting for others: for whom one may, choosing one of them, and what a guardian may and may not do.

import { at, card, element, epochDay, markWrong, tell } from "./elements.js";
import { explain } from "./explain.js";
import { readWardFile } from "./ward_file.js";
import { word } from "./words.js";

const FIELDS = ["act-ward", "act-name", "act-file"];
const NUMBER_SIGNS = 6;
let session = null;
let found = [];

export function start() {
  at("act-for").addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

export async function open(now) {
  session = now;
  tell("guardian-problem");
  if (now.ward === null) {
    try {
      const { guardianships } = await now.person.get("identity", "/guardianships");
      if (session !== now) return;
      found = guardianships;
    } catch (error) {
      found = [];
      tell("guardian-problem", explain(error)[0]);
    }
  }
  if (session === now) show();
}

export function show() {
  if (session === null) return;
  const { ward } = session;
  at("guardian-own").hidden = ward !== null;
  at("guardian-acting").hidden = ward === null;
  for (const each of document.querySelectorAll("[data-rules]")) each.hidden = each.dataset.rules !== ward?.state;
  if (ward !== null) return;
  const mine = found.filter(({ seen_as }) => seen_as === "guardian");
  const overMe = found.filter(({ seen_as }) => seen_as === "ward");
  const asked = at("guardian-problem").textContent === "";
  at("no-wards").hidden = mine.length > 0 || !asked;
  at("no-guardians").hidden = overMe.length > 0 || !asked;
  at("wards").replaceChildren(...mine.map(line));
  at("over-me").replaceChildren(...overMe.map(line));
  at("guardian-without-card").hidden = session.card !== null;
  const choices = mine.filter(({ ended }) => ended === null);
  at("act-for").hidden = session.card === null || choices.length === 0;
  const chosen = at("act-ward").value;
  const options = [["", word("guardian", "choose")], ...choices.map((each) => [each.guardianship, inShort(each)])];
  at("act-ward").replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  at("act-ward").value = choices.some(({ guardianship }) => guardianship === chosen) ? chosen : "";
}

export function forget() {
  session = null;
  found = [];
  for (const id of ["wards", "over-me", "act-ward"]) at(id).replaceChildren();
  at("act-for").reset();
  tell("guardian-problem");
  complain();
}

// For whom one acts, as the page says it on every part: what one calls them oneself, as nobody's name is kept here.
export const who = ({ name, number, capacity, state }) =>
  word("guardian", "acting", {
    who: name || word("guardian", "unnamed", { number }),
    capacity: word("capacities", capacity),
    state: word("legal_states", state),
  });

const numberOf = ({ guardianship }) => guardianship.slice(0, NUMBER_SIGNS);

const inShort = (each) =>
  word("guardian", "in_short", { state: word("legal_states", each.state), since: epochDay(each.since), number: numberOf(each) });

function line(each) {
  const told = [
    [word("guardian", "state"), word("legal_states", each.state)],
    [word("guardian", "since"), epochDay(each.since)],
    [word("guardian", "number"), numberOf(each)],
    [word("guardian", "until"), each.ended === null ? word("guardian", `until_${each.state}`) : word("guardian", "ended", { why: word("changes", each.ended) })],
  ];
  return card(word("capacities", each.capacity), told);
}

function complain(message, field = null) {
  tell("act-problem", message);
  markWrong("act-problem", FIELDS, field);
}

async function act() {
  const now = session;
  const held = found.find(({ guardianship }) => guardianship === at("act-ward").value);
  if (held === undefined) return complain(() => word("guardian", "fault_ward"), "act-ward");
  complain();
  at("act-button").disabled = true;
  try {
    const [chosen] = at("act-file").files;
    const file = chosen === undefined ? null : await readWardFile(chosen);
    const other = file !== null && (file.guardianship !== held.guardianship || file.capacity !== held.capacity);
    if (other) return complain(() => word("errors", "ward_other"), "act-file");
    if (session !== now) return;
    const { guardianship, capacity, state } = held;
    await now.actFor({ guardianship, capacity, state, file, name: at("act-name").value.trim(), number: numberOf(held) });
  } catch (error) {
    if (session === now) complain(explain(error)[0], error.code === "not_a_ward" ? "act-file" : null);
  } finally {
    at("act-button").disabled = false;
  }
}
