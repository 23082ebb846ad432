// The register that the oversight body signed: how organisations are called, bodies' keys.

import { fromBase64url, text, utf8 } from "./bytes.js";
import { verifyEd25519 } from "./notes.js";

const TYPE = "sekisho-register+jws";

export const NOBODY = {
  names: new Map(),
  kinds: new Map(),
  signingKeys: new Map(),
  authorKeys: new Map(),
  sealingKeys: new Map(),
  receivingKeys: new Map(),
};

// Without the card file, or a browser that can verify, nobody's name is known.
export async function readRegister(person, card) {
  const { register } = await person.get("oversight", "/register");
  const [header, payload, signature, ...rest] = register.split(".");
  const { typ } = JSON.parse(text(fromBase64url(header)));
  const good = await verifyEd25519(card.registerKey, fromBase64url(signature), utf8(`${header}.${payload}`));
  if (!good || rest.length > 0 || typ !== TYPE) return NOBODY;
  const { organisations, bodies } = JSON.parse(text(fromBase64url(payload)));
  return {
    names: new Map(organisations.map((each) => [each.id, each.name])),
    kinds: new Map(organisations.map((each) => [each.id, each.kind])),
    signingKeys: new Map(bodies.map((each) => [each.body, each.signing_key])),
    authorKeys: new Map(organisations.map((each) => [each.id, authors(each)])),
    sealingKeys: new Map(bodies.map((each) => [each.body, fromBase64url(each.sealing_key)])),
    receivingKeys: new Map(organisations.filter(reads).map((each) => [each.id, each.receiving_key])),
  };
}

// What an organisation wrote stays genuine when its key is another one, or its accreditation is over.
const authors = ({ signing_key: present, former_keys: former }) =>
  [...(present ? [present] : []), ...former.toReversed()].map((each) => fromBase64url(each.x));

// Who may be permitted to read records at present.
function reads({ active, expires, receiving_key, scope = null, withheld = [] }) {
  const served = (scope === null || scope.includes("medical")) && !withheld.includes("medical");
  return typeof receiving_key === "string" && active && expires > Date.now() / 1000 && served;
}
