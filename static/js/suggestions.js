// [data-suggestions="URL"] on a field: a list of what matches while somebody types. Combobox pattern with a listbox: the
// focus stays in the field. An option is a link, or has the text for the field in data-value. Enter with nothing chosen
// sends the form as without this script.
import { isComposingKey } from "./composing.js";
import { each } from "./ready.js";

const WAIT_MS = 120;
const LONGEST = 60; // data-suggestions-longest says otherwise
const REST_SECONDS = 30;

each("[data-suggestions]", attach);

function attach(field) {
  // A page from the history has the list that this script made before.
  for (const old of field.parentElement.querySelectorAll(":scope > [data-suggestions-part]")) old.remove();
  const list = make("div", "suggestions", "listbox");
  const count = make("p", "visually-hidden", "status");
  list.id = `${field.id}-suggestions`;
  list.hidden = true;
  list.setAttribute("aria-label", field.dataset.suggestionsLabel);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-haspopup", "listbox"], ["aria-expanded", "false"], ["aria-controls", list.id]]) field.setAttribute(name, value);
  field.parentElement.append(list, count);
  const longest = Number(field.dataset.suggestionsLongest) || LONGEST;
  let active = -1;
  let timer = 0;
  let request = null;
  let restsUntil = 0;

  field.addEventListener("input", (event) => {
    // Nothing is asked while an input method composes a word.
    if (event.isComposing) return close();
    ask();
  });
  field.addEventListener("compositionend", ask);
  field.addEventListener("blur", close);
  field.form?.addEventListener("submit", close);
  // Else the browser's "back" would show the list as it was left.
  window.addEventListener("pagehide", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-value]");
    if (!option) return;
    field.value = option.dataset.value;
    close();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  field.addEventListener("keydown", (event) => {
    if (isComposingKey(event) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const last = list.children.length - 1;
    if (event.key === "ArrowDown" && list.hidden && field.value.trim()) load();
    else if (list.hidden) return event.key === "Escape" ? stop() : undefined; // what was asked comes no more
    else if (event.key === "ArrowDown") mark(active < last ? active + 1 : -1);
    else if (event.key === "ArrowUp") mark(active < 0 ? last : active - 1);
    else if (event.key === "Home" && active >= 0) mark(0);
    else if (event.key === "End" && active >= 0) mark(last);
    else if (event.key === "Enter" && active >= 0) list.children[active].click();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // The list stays until the answer for the new text is there, so that it does not flicker.
  function ask() {
    stop();
    mark(-1);
    const text = field.value.trim();
    if (!text || text.length > longest) return close();
    timer = setTimeout(load, WAIT_MS);
  }

  function stop() {
    clearTimeout(timer);
    request?.abort();
    request = null;
  }

  async function load() {
    stop();
    if (Date.now() < restsUntil) return close();
    const mine = new AbortController();
    request = mine;
    const asked = field.dataset.suggestions;
    const address = `${asked}${asked.includes("?") ? "&" : "?"}q=${encodeURIComponent(field.value.trim())}`;
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: mine.signal });
      if (answer.status === 429) restsUntil = Date.now() + 1000 * (Number(answer.headers.get("Retry-After")) || REST_SECONDS);
      const html = answer.ok ? await answer.text() : "";
      if (request === mine) show(html);
    } catch {
      if (request === mine) close();
    }
  }

  function show(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const options = [...holder.content.querySelectorAll("[role=option]")];
    if (!options.length || document.activeElement !== field) {
      close();
      const none = holder.content.querySelector("[data-suggestions-none]");
      if (none && document.activeElement === field) say(none, "field__help");
      return;
    }
    options.forEach((option, at) => (option.id = `${list.id}-${at}`));
    list.replaceChildren(...options);
    say(holder.content.querySelector("[data-suggestions-count]"), "visually-hidden");
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(-1);
  }

  // The number is for screen readers alone; that nothing matches is for everybody.
  function say(source, className) {
    count.className = className;
    count.textContent = source.textContent.trim();
  }

  function mark(at) {
    active = at;
    [...list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    if (at < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  function close() {
    stop();
    mark(-1);
    list.hidden = true;
    list.replaceChildren();
    count.className = "visually-hidden";
    count.textContent = "";
    field.setAttribute("aria-expanded", "false");
  }
}

function make(tag, className, role) {
  const element = Object.assign(document.createElement(tag), { className });
  element.setAttribute("role", role);
  element.dataset.suggestionsPart = "";
  return element;
}
