// Tabs: page tabs show the current one. [data-tabs]: tablist of buttons with aria-controls; arrows move between them;
// the tab that the URL's hash names is open at first.
import { each } from "./ready.js";

// The current tab may be outside the visible part of the list: scroll the list, not the page.
each(".tabs__list, .side-nav", (list) => {
  const current = list.querySelector("[aria-current]");
  if (current) list.scrollLeft = Math.max(0, current.offsetLeft - list.offsetLeft - (list.clientWidth - current.offsetWidth) / 2);
});

each("[data-tabs]", (root) => {
  const tabs = [...root.querySelectorAll('[role="tab"]')];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const choose = (tab, { focus = false } = {}) => {
    for (const other of tabs) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      const target = panel(other);
      if (!target) continue;
      target.hidden = !chosen;
      target.setAttribute("aria-labelledby", other.id || (other.id = `tab-${target.id}`));
    }
    if (focus) tab.focus();
  };
  for (const tab of tabs) tab.addEventListener("click", () => choose(tab));
  root.querySelector('[role="tablist"]').addEventListener("keydown", (event) => {
    const here = tabs.indexOf(document.activeElement);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (here < 0 || next === undefined) return;
    event.preventDefault();
    choose(tabs[(next + tabs.length) % tabs.length], { focus: true });
  });
  const named = tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
  const start = named ?? tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0];
  if (start) choose(start);
});
