// Entries in which an organisation, or a body that checked the cards' signatures, sealed who acted, so that the oversight body
// can find out (Q1, Q2 of the protocol).

import { FORMAT } from "./evidence.js";

// Whom one can ask about in an entry: body/index, with a number for somebody who acted beside.
export function askable({ body, index, event }) {
  const { staff } = event;
  if (typeof staff !== "object" || staff === null) return [];
  const beside = Array.isArray(staff.colleagues) ? staff.colleagues : [];
  return [staff, ...beside]
    .map((each, number) => ({ ...each, name: number === 0 ? `${body}/${index}` : `${body}/${index}/${number}` }))
    .filter((each) => typeof (each.sealed ?? each.opening) === "string" && typeof each.pseudonym === "string");
}

// What is posted about one of them: the evidence of one entry and of nothing else.
export function only({ answers }, name) {
  const [body, index, colleague] = name.split("/");
  const { evidence } = answers.find((each) => each.body === body);
  const entry = evidence.entries.find((each) => each.index === Number(index));
  const alone = { format: FORMAT, checkpoints: [evidence.checkpoints[entry.checkpoint]], entries: [{ ...entry, checkpoint: 0 }] };
  return { evidence: alone, colleague: Number(colleague ?? 0) };
}
