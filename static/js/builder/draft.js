// Shows a changed draft on the page at once: name, description, starters, icon and the draft at a glance.
export function showDraft(draft) {
  if (!draft) return;
  for (const [name, value] of Object.entries(draft.values)) {
    for (const mirror of document.querySelectorAll(`[data-mirror="${CSS.escape(name)}"]`)) {
      mirror.textContent = String(value ?? "").trim() || mirror.dataset.mirrorEmpty || " ";
    }
  }
  mirrorStarters(draft.values.starters ?? []);
  const glance = document.querySelector("[data-draft]");
  // Markup of our own server, which has escaped the values.
  if (glance) glance.innerHTML = draft.html;
  for (const icon of document.querySelectorAll("[data-mirror-icon]")) icon.innerHTML = icon.dataset.mirrorIcon === "sm" ? draft.icon_small : draft.icon;
}

export function mirrorStarters(values) {
  const list = document.querySelector("[data-mirror-starters]");
  if (!list) return;
  list.querySelectorAll(".starter").forEach((old) => old.remove());
  for (const value of values) {
    const text = Object.assign(document.createElement("span"), { textContent: value });
    const button = Object.assign(document.createElement("button"), { className: "starter", type: "submit", name: "text", value });
    button.append(text);
    list.append(button);
  }
}
