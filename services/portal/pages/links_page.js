// The page about patient numbers: who linked one to the person, on what evidence, and how a wrong link ends.

import { ask } from "./confirm.js";
import { at, button, card, epochDay, say, tell } from "./elements.js";
import { explain } from "./explain.js";
import { fill, named } from "./table.js";
import { word } from "./words.js";

const TOLD = new Set([
  "patient_linked",
  "patient_link_undone",
  "identity_compared",
  "eligibility_told",
  "insurance_registered",
  "records_set_apart",
]);
let session = null;
let links = [];

export async function open(now) {
  session = now;
  tell("links-problem");
  try {
    links = (await now.person.get("identity", "/patient-links")).links;
  } catch (error) {
    links = [];
    tell("links-problem", explain(error)[0]);
  }
  if (session === now) show();
}

export function show() {
  if (session === null) return;
  const { entries, register } = session.history;
  at("no-links").hidden = links.length > 0 || at("links-problem").textContent !== "";
  at("own-links").replaceChildren(...links.map(line));
  fill("links-told", entries.filter(({ event }) => TOLD.has(event.kind)), register);
}

export function forget() {
  session = null;
  links = [];
  at("own-links").replaceChildren();
  at("links-told").tBodies[0].replaceChildren();
  tell("links-problem");
}

function line(link) {
  const name = named(link.organisation, session.history.register);
  const values = { organisation: name, date: epochDay(link.linked_at) };
  const facts = [
    [word("links", "evidences"), word("links", `check_${link.check}`)],
    [word("links", "state"), word("links", `state_${link.state}`)],
  ];
  const disown = button(word("links", "disown"), word("links", "disown_named", values), () => askToCut(link, name));
  return card(word("links", "line", values), facts, ...(link.state === "linked" ? [disown] : []));
}

function askToCut({ link }, organisation) {
  const now = session;
  ask({
    title: word("links", "cut_title", { organisation }),
    effects: ["cut_effect_link", "cut_effect_records", "cut_effect_readers", "cut_effect_back"].map((key) =>
      word("links", key, { organisation }),
    ),
    yes: word("links", "cut"),
    act: async () => {
      await now.person.post("identity", "/patient-links/disown", { link, fault: "unknown_to_me" });
      await now.reload();
      await open(now);
      say(() => word("links", "cut_done"));
    },
  });
}
