// The builder's entry: autosave, mirror of what is typed, divider, tabs on a phone, growing list of starters.
import { each } from "./ready.js";
import { autosave } from "./builder/autosave.js";
import { panes } from "./builder/panes.js";
import { starters } from "./builder/starters.js";

each("[data-starters]", starters);
each("form[data-autosave]", (form) => autosave(form, document.querySelector("[data-save-state]")));
each("[data-builder]", panes);

each("form#draft", (form) => {
  form.addEventListener("input", ({ target }) => {
    if (target.name === "starters") return mirrorStarters(form);
    for (const mirror of document.querySelectorAll(`[data-mirror="${CSS.escape(target.name ?? "")}"]`)) {
      mirror.textContent = target.value.trim() || mirror.dataset.mirrorEmpty || " ";
    }
  });
});

function mirrorStarters(form) {
  const list = document.querySelector("[data-mirror-starters]");
  if (!list) return;
  const values = [...form.querySelectorAll('input[name="starters"]')].map((input) => input.value.trim()).filter(Boolean);
  list.querySelectorAll(".starter").forEach((old) => old.remove());
  for (const value of values) {
    const text = Object.assign(document.createElement("span"), { textContent: value });
    const button = Object.assign(document.createElement("button"), { className: "starter", type: "submit", name: "text", value });
    button.append(text);
    list.append(button);
  }
}

// A chosen picture is sent at once; the button is for browsers without scripts.
each("[data-send-on-choice]", (input) => input.addEventListener("change", () => input.files.length && input.form.requestSubmit()));
each("[data-plain-save]", (part) => (part.hidden = true));
