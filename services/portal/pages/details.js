// What an entry of the history says beside what happened: each detail as a sentence.

import { day, list } from "./elements.js";
import { word } from "./words.js";

// How each member of an event's `detail` is told: the group of words that its codes have, or null for a text of somebody's.
const DETAILS = {
  application: "applications",
  state: "card_states",
  check: "checks",
  form: "forms",
  why: "change_reasons",
  case: null,
  relationship: "relationships",
  watch: "watches",
  asker: "askers",
  finding: "findings",
  name: null,
  comment: null,
};
// of a permission only key fragments are counted, which says nothing to the person
const NOT_COUNTED = new Set(["directive_stored", "directive_withdrawn"]);
const BY_CODE = "telephone code";

export function detailTexts(event) {
  const { kind, categories, years, count, detail } = event;
  const texts = [];
  if (Array.isArray(categories)) texts.push(word("page", "categories", { list: listed("categories", categories) }));
  if (Array.isArray(years)) texts.push(word("page", "years", { from: years[0], to: years[1] }));
  if (typeof detail?.contract === "string") {
    const why = word("asking", detail.reason) ?? String(detail.reason ?? word("page", "no_value"));
    texts.push(word("page", "contract", { contract: detail.contract, why }));
  }
  for (const [name, group] of Object.entries(DETAILS)) {
    if (typeof detail?.[name] !== "string") continue;
    const told = (group && word(group, detail[name])) ?? detail[name];
    texts.push(word("log", name, { told }));
  }
  if (kind === "card_state_changed" && typeof detail?.reason === "string") {
    const told = detail.reason === BY_CODE ? word("log", "by_code") : detail.reason;
    texts.push(word("log", "reason", { told }));
  }
  if (Array.isArray(detail?.rules)) texts.push(word("log", "rules", { list: listed("rules", detail.rules) }));
  if (Number.isInteger(detail?.review_due)) {
    texts.push(word("log", "review_due", { told: day(new Date(detail.review_due * 1000).toISOString()) }));
  }
  if (Array.isArray(detail?.bodies)) texts.push(word("log", "bodies", { list: listed("bodies", detail.bodies) }));
  if (Array.isArray(detail?.professionals)) {
    texts.push(word("log", "professionals", { list: list(detail.professionals.map(staffName)) }));
  }
  if (Array.isArray(event.staff?.colleagues)) {
    texts.push(word("log", "confirmed_by", { list: list(event.staff.colleagues.map((each) => staffName(each.pseudonym ?? each))) }));
  }
  if (typeof detail?.until === "string") texts.push(word("log", "until", { told: date(detail.until) }));
  if (Number.isInteger(count) && !NOT_COUNTED.has(kind)) texts.push(word("page", "count", { count }));
  return texts;
}

// a pseudonym in groups of four, to be read out
export const staffName = (pseudonym) => String(pseudonym).replace(/(.{4})(?=.)/gu, "$1-");

const listed = (group, codes) => list(codes.map((each) => word(group, each) ?? String(each)));

const date = (told) => (Number.isNaN(Date.parse(told)) ? told : day(told));
