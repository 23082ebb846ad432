// The person's passkeys: listed, added with the card, removed.

import { at, button, element, epochDay, markWrong, say, tell } from "./elements.js";
import { explain } from "./explain.js";
import { canUsePasskeys, makePasskey } from "./passkeys.js";
import { word } from "./words.js";

let session = null;
let passkeys = [];

export function start() {
  at("add-passkey").addEventListener("submit", (event) => {
    event.preventDefault();
    add();
  });
}

export async function open(now) {
  session = now;
  const held = await now.person.get("identity", "/passkeys").catch(() => ({ passkeys: [] }));
  if (session !== now) return;
  passkeys = held.passkeys;
  at("add-passkey").hidden = now.card === null || !canUsePasskeys();
  show();
}

export function show() {
  if (session === null) return;
  at("no-passkeys").hidden = passkeys.length > 0;
  at("passkeys").replaceChildren(...passkeys.map(line));
}

export function forget() {
  session = null;
  passkeys = [];
  at("passkeys").replaceChildren();
  at("add-passkey").reset();
  complain();
}

function line({ id, name, added, used }) {
  const last = used === null ? word("page", "passkey_unused") : epochDay(used);
  const told = word("page", "passkey_line", { name, added: epochDay(added), used: last });
  const named = word("page", "passkey_remove_named", { name });
  const remove = button(word("page", "passkey_remove"), named, () =>
    change("passkey_removed", (person) => person.post("identity", "/passkeys/removals", { id })),
  );
  return element("li", {}, `${told} `, remove);
}

async function add() {
  const name = at("passkey-name").value.trim();
  if (!name) return complain(() => word("errors", "no_passkey_name"), "passkey-name");
  await change("passkey_added", async (person) => {
    const { challenge, options } = await person.post("identity", "/passkeys/options", { name });
    const credential = await makePasskey(options);
    return person.post("identity", "/passkeys", { name, challenge, credential });
  });
}

async function change(done, act) {
  const now = session;
  complain();
  at("add-passkey-button").disabled = true;
  try {
    const held = await act(now.person);
    if (session !== now) return;
    passkeys = held.passkeys;
    at("add-passkey").reset();
    show();
    say(() => word("page", done));
    at("passkeys-heading").focus();
  } catch (error) {
    complain(explain(error)[0]);
  } finally {
    at("add-passkey-button").disabled = false;
  }
}

function complain(message, field = null) {
  tell("passkey-problem", message);
  markWrong("passkey-problem", ["passkey-name"], field);
}
