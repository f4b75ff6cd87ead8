// The builder's entry: autosave, mirror of what is typed, divider, tabs on a phone, growing list of starters, long texts.
import { each } from "./ready.js";
import "./builder/address.js";
import "./builder/debug.js";
import "./builder/presence.js";
import { autosave } from "./builder/autosave.js";
import { mirrorStarters } from "./builder/draft.js";
import { requestFrameRefresh } from "./builder/frame.js";
import { long } from "./builder/long.js";
import { panes } from "./builder/panes.js";
import { starters } from "./builder/starters.js";

each("[data-starters]", starters);
each("form[data-autosave]", (form) => autosave(form, document.querySelector("[data-save-state]")));
each("[data-builder]", panes);
each("[data-long]", long);

each("form#draft", (form) => {
  form.addEventListener("loggia:saved", requestFrameRefresh);
  form.addEventListener("input", ({ target }) => {
    if (target.name === "starters") {
      const inputs = [...form.querySelectorAll('input[name="starters"]')];
      return mirrorStarters(inputs.map((input) => input.value.trim()).filter(Boolean));
    }
    for (const mirror of document.querySelectorAll(`[data-mirror="${CSS.escape(target.name ?? "")}"]`)) {
      mirror.textContent = target.value.trim() || mirror.dataset.mirrorEmpty || " ";
    }
  });
});

// Sends a picture as soon as it is chosen; the button is for browsers without scripts.
each("[data-send-on-choice]", (input) => input.addEventListener("change", () => input.files.length && input.form.requestSubmit()));
each("[data-plain-save]", (part) => (part.hidden = true));
