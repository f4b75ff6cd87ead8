// [data-long]: shows a text field over the whole window. The field stays in its form, so that saving, counting and
// conflicts work as before. Escape and [data-long-close] end it; the rest of the page is inert meanwhile.
export function long(root) {
  const opener = root.querySelector("[data-long-open]");
  const closer = root.querySelector("[data-long-close]");
  const text = root.querySelector("textarea");
  const told = root.querySelector("[data-long-state]");
  const state = document.querySelector("[data-save-state]");
  if (!opener || !text || !root.showPopover) return opener?.remove();
  let still = [];

  opener.addEventListener("click", () => {
    root.popover = "manual";
    root.showPopover();
    for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"], ["aria-label", root.dataset.longTitle]]) root.setAttribute(name, value);
    still = beside(root);
    for (const element of still) element.inert = true;
    text.focus();
  });
  closer.addEventListener("click", close);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !root.popover) return;
    event.preventDefault();
    close();
  });
  if (state) {
    const tell = () => {
      told.textContent = state.textContent.trim();
      told.dataset.kind = state.dataset.kind ?? "";
    };
    new MutationObserver(tell).observe(state, { childList: true, characterData: true, subtree: true, attributes: true });
    tell();
  }

  function close() {
    root.hidePopover();
    for (const name of ["popover", "role", "aria-modal", "aria-label"]) root.removeAttribute(name);
    for (const element of still) element.inert = false;
    opener.focus();
  }
}

// All elements outside the ancestors and descendants of the element.
function beside(element) {
  const found = [];
  for (let here = element; here.parentElement; here = here.parentElement) {
    for (const other of here.parentElement.children) if (other !== here && !other.inert && other.localName !== "script") found.push(other);
    if (here.parentElement === document.body) break;
  }
  return found;
}
