// "@" in the composer opens a list of GPTs; [data-mentions] around it holds the URL and the texts. The chosen GPT becomes
// a chip and answers the next message. Combobox pattern with a listbox: the focus stays in the text field.
import { mentionQuery } from "./mention_query.js";

const WAIT_MS = 120;

export function attachMentions(composer, field) {
  const place = composer.closest("[data-mentions]");
  if (!place) return { chosen: () => null, clear() {} };
  const words = place.dataset;
  const list = Object.assign(document.createElement("ul"), { className: "mentions__list", id: "mentions-list", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words.mentionsLabel);
  place.append(list);
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");
  let items = [];
  let active = 0;
  let chip = null;
  let timer = 0;
  let asked = 0;

  field.addEventListener("input", () => {
    clearTimeout(timer);
    const query = mentionQuery(field.value, field.selectionStart);
    if (query === null || chip) return close();
    timer = setTimeout(() => load(query), WAIT_MS);
  });
  // Captured, to run before the handlers that send on Enter.
  field.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Backspace" && chip && !field.value) return clear();
      if (list.hidden || event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && items.length) mark((active + step + items.length) % items.length);
      else if ((event.key === "Enter" || event.key === "Tab") && items.length) choose(items[active]);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
  field.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[role=option]");
    if (row) choose(items[Number(row.dataset.at)]);
  });

  async function load(query) {
    const mine = (asked += 1);
    const answer = await fetch(`${words.mentions}?q=${encodeURIComponent(query)}`).catch(() => null);
    if (!answer?.ok || mine !== asked || mentionQuery(field.value, field.selectionStart) === null) return;
    items = (await answer.json()).items;
    render();
  }

  function render() {
    list.replaceChildren(...items.map(row));
    if (!items.length) list.append(Object.assign(document.createElement("li"), { className: "mentions__empty", textContent: words.mentionsEmpty }));
    list.hidden = false;
    if (items.length) mark(0);
  }

  function row(item, at) {
    const element = Object.assign(document.createElement("li"), { className: "mentions__item", id: `mention-${at}` });
    element.setAttribute("role", "option");
    element.dataset.at = String(at);
    const icon = Object.assign(document.createElement("img"), { className: "mentions__icon", src: item.icon_url, alt: "", width: 24, height: 27 });
    const name = Object.assign(document.createElement("span"), { className: "mentions__name", textContent: item.name });
    const label = words[`mentions${item.kind[0].toUpperCase()}${item.kind.slice(1)}`] ?? "";
    const kind = Object.assign(document.createElement("span"), { className: "mentions__kind", textContent: label });
    element.append(icon, name, kind);
    return element;
  }

  function mark(at) {
    active = at;
    [...list.children].forEach((element, n) => element.setAttribute("aria-selected", String(n === at)));
    field.setAttribute("aria-activedescendant", `mention-${at}`);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  function close() {
    clearTimeout(timer);
    asked += 1;
    list.hidden = true;
    field.removeAttribute("aria-activedescendant");
  }

  function choose(item) {
    const end = field.selectionStart;
    const start = field.value.lastIndexOf("@", end - 1);
    field.setRangeText("", start, end, "end");
    close();
    clear();
    chip = Object.assign(document.createElement("p"), { className: "mentions__chip" });
    chip.dataset.slug = item.slug;
    chip.dataset.name = item.name;
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "icon-button icon-button--small", textContent: "×" });
    remove.setAttribute("aria-label", `${words.mentionsRemove} @${item.name}`);
    remove.addEventListener("click", () => {
      clear();
      field.focus();
    });
    chip.append(Object.assign(document.createElement("span"), { textContent: `@${item.name}` }), remove);
    composer.prepend(chip);
    field.dispatchEvent(new Event("input"));
    field.focus();
  }

  function clear() {
    chip?.remove();
    chip = null;
  }

  return { chosen: () => (chip ? { slug: chip.dataset.slug, name: chip.dataset.name } : null), clear };
}
