// Entries in which an organisation signed who acted, so that the oversight body can find out (Q1, Q2 of the protocol).

import { FORMAT } from "./evidence.js";

export const isSigned = ({ event }) => typeof event.staff?.sealed === "string" && typeof event.staff.pseudonym === "string";

export const signed = (entries) => entries.filter((each) => each.actor === "organisation" && isSigned(each));

// The evidence of one entry, named as body/index, and of nothing else.
export function only({ answers }, name) {
  const [body, index] = name.split("/");
  const { evidence } = answers.find((each) => each.body === body);
  const entry = evidence.entries.find((each) => each.index === Number(index));
  return { format: FORMAT, checkpoints: [evidence.checkpoints[entry.checkpoint]], entries: [{ ...entry, checkpoint: 0 }] };
}
