// What was laid down about records, as the three bodies list it, found together again by terms and time.

import { canonical } from "./bytes.js";
import { PROXIES } from "./delegation.js";
import { instant, readDirective } from "./wallet.js";

// Everything that was laid down about records, oldest first, not verified: only the open wallet knows its own keys. `silent`
// are the bodies that do not answer: their copies are not known.
export async function listed(person) {
  const found = new Map();
  const asked = await Promise.allSettled(PROXIES.map((body) => person.get(body, "/directives")));
  const failed = asked.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
  const serious = failed.find(({ code }) => code !== "unavailable") ?? (failed.length === PROXIES.length ? failed[0] : null);
  if (serious) throw serious;
  PROXIES.forEach((body, place) => {
    for (const { id, jws, state, withdrawal, receipt } of asked[place].value?.directives ?? []) {
      const { terms, issued_at, guardian } = readDirective(jws);
      if (terms.scope.kind !== "records") continue;
      const name = canonical({ terms, issued_at });
      if (!found.has(name)) found.set(name, { name, terms, issued_at, copies: [] });
      found.get(name).copies.push({ body, id, jws, state, guardian, withdrawal, receipt });
    }
  });
  return {
    directives: [...found.values()].sort((one, other) => (one.issued_at < other.issued_at ? -1 : 1)),
    silent: PROXIES.filter((_, place) => asked[place].status === "rejected"),
  };
}

// Bodies that hold a directive in force.
export const activeAt = ({ copies }) => PROXIES.filter((body) => copies.some((each) => each.body === body && each.state === "active"));

// Whether all three bodies hold a directive in force and nothing of it was taken back: what one body says is no reason to
// sign it anew.
export const standsEverywhere = (directive) =>
  isActive(directive) && activeAt(directive).length === PROXIES.length && directive.copies.every(({ state }) => state === "active");

export const isActive = (directive) => directive.terms.valid_until > instant() && activeAt(directive).length > 0;
