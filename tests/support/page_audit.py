"""What every page must keep for people who cannot see it well or use no mouse, looked for in the browser itself."""

from typing import Final

AUDIT: Final = """() => {
  const wrong = [];
  const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && each.getClientRects().length > 0;
  const say = (rule, each) => wrong.push(`${rule}: ${each.outerHTML.slice(0, 120)}`);
  const every = (selector) => [...document.querySelectorAll(selector)].filter(shown);

  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) wrong.push(`id twice: ${id}`);
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
    for (const each of document.querySelectorAll(`[${name}]`)) {
      const meant = each.getAttribute(name).split(" ").filter(Boolean);
      if (!meant.every((id) => document.getElementById(id))) say(`${name} names nothing`, each);
    }
  }

  const nameOf = (each) => {
    const by = (each.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id));
    const texts = [each.getAttribute("aria-label"), ...by.map((one) => one?.textContent)];
    texts.push(...[...(each.labels ?? [])].map((one) => one.textContent));
    if (!/^(INPUT|SELECT|TABLE|SECTION|NAV|UL)$/.test(each.tagName)) texts.push(each.textContent);
    if (each.tagName === "TABLE") texts.push(each.caption?.textContent);
    return texts.filter(Boolean).join(" ").trim();
  };
  const controls = every("a[href], button, input, select, textarea, summary");
  for (const each of [...controls, ...every("table, section, nav, dialog")]) if (!nameOf(each)) say("no name", each);
  for (const each of every("button[aria-label]")) {
    if (!each.ariaLabel.includes(each.textContent.replace(/ ?…$/, ""))) say("label without its visible text", each);
  }
  for (const each of controls) {
    const { width, height } = each.getBoundingClientRect();
    if (!each.matches(".skip") && Math.min(width, height) < 24) say("small target", each);
  }
  for (const each of document.querySelectorAll("[tabindex]")) if (each.tabIndex > 0) say("order of its own", each);

  if (!/^(ja|en)$/.test(document.documentElement.lang) || !document.title) wrong.push("no language or no title");
  if (every("main").length !== 1) wrong.push("not one main part");
  const levels = every("h1, h2, h3, h4, h5").filter((each) => !each.closest("dialog")).map((each) => +each.tagName[1]);
  if (levels[0] !== 1 || levels.some((level, at) => at && level - levels[at - 1] > 1)) wrong.push(`headings ${levels}`);
  const strays = "ul > :not(li), ol > :not(li), dl > :not(dt, dd), li:not(ul > li, ol > li)";
  for (const each of every(strays)) say("list", each);
  for (const each of every("table")) {
    const told = each.querySelector("th[scope=col]") && each.getAttribute("role") === "table";
    if (!told) say("table without headers", each);
  }

  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((v) => linear(v / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(each)) continue;
    const [low, high] = [light(rgb(getComputedStyle(each).color)), light(ground(each))].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) say("faint text", each);
  }

  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) wrong.push(`${wide} px wider than the screen`);
  return wrong;
}"""

BREAK: Final = """() => {
  const add = (tag, change) => change(document.querySelector("main").appendChild(document.createElement(tag)));
  add("button", (each) => each.setAttribute("id", "card"));
  add("h5", (each) => { each.textContent = "deep"; each.style.color = "#bbb"; });
  add("p", (each) => { each.setAttribute("aria-describedby", "nobody"); each.tabIndex = 3; });
  add("div", (each) => { each.style.width = "3000px"; each.textContent = "."; });
}"""
"""Puts one thing of each kind on the page that `AUDIT` must find."""
