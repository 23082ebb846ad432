// What is said of one centre's answer: whether its entries are proved and all, and whether its log goes with what the
// witnesses saw of it.

import { at, element, epochMoment, list, tell } from "./elements.js";
import { explain } from "./explain.js";
import { word } from "./words.js";

export function showCentres(history, hasCard) {
  at("centres").replaceChildren(
    ...history.answers.map((answer) => {
      const spans = linesOf(answer).map(({ state, text }) => element("span", { class: "line", "data-proof": state }, text));
      return element("li", {}, ...spans);
    }),
  );
  tell("witnesses", () => witnessLine(history, hasCard));
}

// Names the centres of which something is said that must not be overlooked.
export function needsCare(answers) {
  const wanting = answers.filter((answer) => linesOf(answer).some(({ state }) => state === "false"));
  return wanting.length > 0 ? word("held", "care", { list: list(wanting.map(({ body }) => word("bodies", body))) }) : "";
}

function linesOf(answer) {
  const { body, error } = answer;
  const centre = word("bodies", body);
  if (error) return [line("false", word("page", "centre_failed", { centre, why: explain(error)[0]() }))];
  return [entriesLine(answer, centre), ...countLines(answer, centre), ...headLines(answer)];
}

const line = (state, text) => ({ state, text });

// Whoever is accused is not whom one reports it to.
const reportTo = (body) => word("bodies", body === "oversight" ? "identity" : "oversight");

const isFalse = (verdict) => verdict !== "proved" && verdict !== "unchecked";

function entriesLine({ entries }, centre) {
  const count = entries.length;
  if (count === 0) return line("none", word("page", "centre_none", { centre }));
  const wrong = entries.filter(({ verdict }) => isFalse(verdict)).length;
  if (wrong > 0) return line("false", word("page", "centre_false", { centre, count, wrong }));
  const unchecked = entries.some(({ verdict }) => verdict === "unchecked");
  return unchecked
    ? line("unchecked", word("page", "centre_unchecked", { centre, count }))
    : line("proved", word("page", "centre_ok", { centre, count }));
}

function countLines({ body, entries, proof, missed }, centre) {
  const to = reportTo(body);
  if (entries.some(({ verdict }) => isFalse(verdict))) return [];
  if (proof.notWhole !== null) return [line("false", word("held", `not_${proof.notWhole}`, { centre, to }))];
  const by = missed.map((each) => word("bodies", each));
  const told = by.length > 0 ? [line("false", word("held", "missed", { centre, to, list: list(by) }))] : [];
  if (proof.wholes.length === 0 && entries.length > 0) told.push(line("unchecked", word("held", "uncounted")));
  for (const each of proof.wholes) {
    const until = epochMoment(each.at / 1000);
    const state = each.head.signed ? "proved" : "unchecked";
    told.push(line(state, word("held", each.later > 0 ? "all_until_later" : "all_until", { until, later: each.later })));
  }
  if (proof.outdated.length > 0) told.push(line("unchecked", word("held", "outdated", { to })));
  return told;
}

function headLines({ body, entries, proof, failed, watched }) {
  const to = reportTo(body);
  const lines = [];
  const names = (found) => list([...new Set(found.map(({ witness }) => word("bodies", witness) ?? witness))]);
  const say = (state, key, found) => found.length > 0 && lines.push(line(state, word("held", key, { list: names(found), to })));
  const of = (problem) => [...failed, ...proof.held].filter((each) => each.problem === problem);
  for (const problem of ["split", "set_back", "head"]) say("false", problem, of(problem));
  for (const problem of ["unproved", "unasked"]) say("unchecked", problem, of(problem));
  say("unchecked", "behind", proof.behind);
  say("proved", "seen", of(null).filter((each) => !proof.behind.includes(each)));
  if (watched && entries.length > 0 && lines.length === 0) lines.push(line("unchecked", word("held", "unwatched")));
  return lines;
}

// What the witnesses were asked, in one sentence for all centres.
function witnessLine({ verifies, seen, answers }, hasCard) {
  if (!hasCard) return word("held", "no_card");
  if (!verifies) return word("held", "no_browser");
  if (answers.every(({ error }) => error)) return "";
  const names = (bodies) => list(bodies.map((body) => word("bodies", body) ?? body));
  const told = seen.witnesses.filter((each) => !seen.silent.includes(each));
  const texts = [];
  if (told.length > 0) texts.push(word("held", "asked", { list: names(told) }));
  if (seen.silent.length > 0) texts.push(word("held", "silent", { list: names(seen.silent) }));
  return texts.join(" ");
}
