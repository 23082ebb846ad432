// What a directive says, in the person's words.

import { day, list } from "./elements.js";
import { named } from "./table.js";
import { word } from "./words.js";

// In the order of the list that the words are.
export const words = (group, codes) => list(codes.map((code) => word(group, code) ?? code));

// A refusal may be for everybody; both may be for one role, or for one professional.
export function whom({ recipient, role, professional }, register) {
  const who = recipient === undefined ? word("sharing", "everybody") : named(recipient, register);
  const within = role === undefined ? professional : (word("roles", role) ?? role);
  return within === undefined ? who : word("sharing", "within", { who, within });
}

// What is of no year in particular names the first and the last that there can be (consent/compartments.py).
export const years = ({ years: { first, last } }) =>
  first === 1000 && last === 9999 ? word("sharing", "all_years") : word("sharing", "from_to", { first, last });

export function facts(terms, register) {
  const { scope, purposes, valid_from, valid_until, effect, conditions = {} } = terms;
  const told = [
    [word("sharing", "whom"), whom(terms, register)],
    [word("sharing", "categories"), words("categories", scope.categories)],
    [word("sharing", "years"), years(scope)],
    [word("sharing", "purposes"), words("purposes", purposes)],
    [word("sharing", "holds"), word("sharing", "from_until", { from: day(valid_from), until: day(valid_until) })],
  ];
  if (effect === "permit") told.push([word("sharing", "conditions"), list(bounds(conditions))]);
  return told;
}

function bounds({ frequency, onward = "forbidden" }) {
  const often = frequency ? [word("banks", `per_${frequency.unit}`, { times: frequency.times })] : [];
  return [...often, word("sharing", `onward_${onward}`)];
}

// One line, for screen readers and questions.
export const inShort = (terms, register) =>
  word("sharing", "in_short", {
    effect: word("sharing", terms.effect),
    who: whom(terms, register),
    categories: words("categories", terms.scope.categories),
    years: years(terms.scope),
  });
