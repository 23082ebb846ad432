// Reading forms about directives, and filling in what only the register knows.

import { at, element } from "./elements.js";
import { named } from "./table.js";
import { word } from "./words.js";

export const ticked = (group) => [...document.querySelectorAll(`#${group} input:checked`)].map(({ value }) => value);

// The whole number in a field; null where there is none within the limits.
export function numberIn(id, least, most) {
  const typed = at(id).value.trim().normalize("NFKC");
  const number = Number(typed);
  return /^\d{1,6}$/.test(typed) && number >= least && number <= most ? number : null;
}

// Those who may be permitted to read; relays of emergencies have a page of their own.
export function fillOrganisations(id, register, more = []) {
  const now = at(id).value;
  const found = [...register.receivingKeys.keys()].filter((each) => register.kinds.get(each) !== "emergency-relay");
  const options = found.map((each) => [each, named(each, register)]).sort((one, other) => (one[1] < other[1] ? -1 : 1));
  at(id).replaceChildren(
    ...[["", word("permit", "choose")], ...options, ...more].map(([value, text]) => element("option", { value }, text)),
  );
  at(id).value = now;
  if (at(id).selectedIndex < 0) at(id).value = "";
}
