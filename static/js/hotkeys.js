// "/" focuses search, "?" shows the keys, [data-key="j"] is clicked (or focused) by its key. Ignored while typing,
// except Ctrl or Cmd with "/", which also shows the keys. [data-keys-open] shows them by a click.
const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const visible = (element) => element.getClientRects().length > 0 && !element.disabled;

document.addEventListener("click", (event) => event.target.closest("[data-keys-open]") && showKeys());
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    return showKeys();
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const dialog = document.querySelector("dialog[open]");
  if (!dialog && event.key === "/") {
    const search = [...document.querySelectorAll('[data-search], [role="search"] input[type="search"]')].find(visible);
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    return;
  }
  if (!dialog && event.key === "?") {
    event.preventDefault();
    showKeys();
    return;
  }
  const target = [...(dialog ?? document).querySelectorAll("[data-key]")].find((element) => element.dataset.key === event.key && visible(element));
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, textarea, select, summary")) target.focus();
  if (target.matches("button, a, summary, input[type=radio], input[type=checkbox]")) target.click();
});

function showKeys() {
  const dialog = document.getElementById("keys");
  const list = dialog.querySelector("[data-keys-list]");
  for (const line of list.querySelectorAll("[data-from-page]")) line.remove();
  for (const extra of document.querySelectorAll("template[data-keys-extra]")) list.append(extra.content.cloneNode(true));
  for (const element of document.querySelectorAll("[data-key]")) {
    const label = element.dataset.keyLabel ?? element.getAttribute("aria-label") ?? element.textContent.trim();
    if (!label || !visible(element)) continue;
    const line = document.createElement("div");
    line.dataset.fromPage = "";
    const key = document.createElement("kbd");
    key.textContent = element.dataset.key;
    const term = document.createElement("dt");
    term.append(key);
    const text = document.createElement("dd");
    text.textContent = label;
    line.append(term, text);
    list.append(line);
  }
  dialog.showModal();
}
