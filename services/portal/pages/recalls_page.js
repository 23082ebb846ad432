// The page about recalls: what makers warn of that the person has, and that it was read.

import { at, button, card, element, epochDay, say, tell } from "./elements.js";
import { explain } from "./explain.js";
import { word } from "./words.js";

const BODY = "product_safety";
let session = null;
let notices = [];

export async function open(now) {
  session = now;
  tell("recalls-problem");
  try {
    notices = (await now.person.get(BODY, "/inbox")).notices;
  } catch (error) {
    notices = [];
    tell("recalls-problem", explain(error)[0]);
  }
  if (session === now) show();
}

export function show() {
  if (session === null) return;
  at("no-recalls").hidden = notices.length > 0 || at("recalls-problem").textContent !== "";
  at("notices").replaceChildren(...notices.map(line));
}

export function forget() {
  session = null;
  notices = [];
  at("notices").replaceChildren();
  tell("recalls-problem");
}

function line({ id, title, product, hazard, remedy, contact, url, created_at: created, read_at: read }) {
  const facts = [
    [word("recalls", "product"), product],
    [word("recalls", "hazard"), hazard],
    [word("recalls", "remedy"), remedy],
    [word("recalls", "contact"), contact],
    ...(/^https?:\/\//.test(url) ? [[word("recalls", "more"), element("a", { href: url, rel: "noreferrer" }, url)]] : []),
    [word("recalls", "told"), epochDay(created)],
    [word("recalls", "read"), read === null ? word("recalls", "not_read") : epochDay(read)],
  ];
  const text = word("recalls", "mark");
  return card(title, facts, ...(read === null ? [button(text, `${text}: ${title}`, () => mark(id))] : []));
}

async function mark(notice) {
  const now = session;
  try {
    await now.person.post(BODY, "/inbox/read", { notice });
    await now.reload();
    await open(now);
    if (session !== now) return;
    say(() => word("recalls", "marked"));
    at("recalls-heading").focus();
  } catch (error) {
    tell("recalls-problem", explain(error)[0]);
  }
}
