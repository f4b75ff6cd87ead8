// [data-copy="text"] or [data-copy-from="#id"]: copies and says so on the button for a moment (data-copied).
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
  const text = source ? (source.value ?? source.textContent) : button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Plain http or a refused permission: execCommand still works from a click.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const label = button.querySelector("span") ?? button;
  if (!button.dataset.copied || button.dataset.before !== undefined) return;
  button.dataset.before = label === button ? (button.getAttribute("aria-label") ?? "") : label.textContent;
  if (label === button) button.setAttribute("aria-label", button.dataset.copied);
  else label.textContent = button.dataset.copied;
  setTimeout(() => {
    if (label === button) button.setAttribute("aria-label", button.dataset.before);
    else label.textContent = button.dataset.before;
    delete button.dataset.before;
  }, 1600);
});
