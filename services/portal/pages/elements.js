// Elements of the page, and messages that are said again when the language changes.

import { currentLanguage, word } from "./words.js";

export const at = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// `told` tells a screen reader what the button is about where its text alone does not.
export function button(text, told, act) {
  const made = element("button", { type: "button", "aria-label": told }, text);
  made.addEventListener("click", act);
  return made;
}

// One entry of a list: a heading and what is to be known, each with its name.
export function card(heading, facts, ...actions) {
  const terms = facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  return element("li", { class: "card" }, element("h4", {}, heading), element("dl", {}, ...terms), ...actions);
}

export const day = (moment) =>
  new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium" }).format(new Date(moment));

export const moment = (when) =>
  new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(when));

export const epochMoment = (seconds) => moment(seconds * 1000);

export const epochDay = (seconds) => day(seconds * 1000);

export const list = (texts) => texts.join(currentLanguage() === "ja" ? "、" : ", ");

const told = new Map();

// Says something at an element, now and, in the other language, whenever that is chosen.
export function tell(id, message = () => "") {
  told.set(id, message);
  at(id).textContent = message();
}

export const say = (message) => tell("status", message);

export function tellAgain() {
  for (const [id, message] of told) at(id).textContent = message();
}

// Marks the field that a problem is about, and no other one of `fields`; `problem` is where the problem is said.
export function markWrong(problem, fields, wrong) {
  for (const id of fields) {
    const field = at(id);
    const hint = at(`${id}-hint`) ? `${id}-hint` : "";
    field.setAttribute("aria-invalid", String(id === wrong));
    field.setAttribute("aria-describedby", `${id === wrong ? problem : ""} ${hint}`.trim());
  }
  if (wrong) at(wrong).focus();
}

// Hands a file to the browser's downloads; nothing of it is kept here.
export const download = (name, text) => save(name, new Blob([text], { type: "application/json" }));

export function save(name, blob) {
  const link = element("a", { download: name });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const today = () => new Date().toISOString().slice(0, 10);
