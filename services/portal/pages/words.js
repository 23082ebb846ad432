// The page's texts in both languages. Texts are only ever set as text, never as markup.

let all;
let language = document.documentElement.lang;

export async function loadWords() {
  const response = await fetch("/words.json", { cache: "no-store", redirect: "error" });
  all = await response.json();
}

export const currentLanguage = () => language;

// The text under `key`, with {names} filled in; undefined where there is none.
export function word(group, key, values = {}) {
  const groups = all[language][group];
  if (!Object.hasOwn(groups, key)) return undefined;
  return groups[key].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

export const inEveryLanguage = (group, key) => Object.values(all).map((groups) => groups[group][key]);

export function switchLanguage(wanted) {
  language = wanted;
  document.documentElement.lang = wanted;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = named(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", named(element.dataset.label));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === wanted));
  }
}

// A text as the page names it: one of the page's own by its key, others as group.key.
function named(name) {
  const [group, key] = name.includes(".") ? name.split(".") : ["page", name];
  return word(group, key);
}
