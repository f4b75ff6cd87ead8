// [data-model-settings]: shows only the settings that the chosen model and answer format support.
// [data-needs="x"] is shown where the model has x, [data-lacks="x"] where it has not; [data-shown-when="field=value"] by a field.
import { each } from "../ready.js";

each("[data-model-settings]", (section) => {
  const form = section.closest("form");
  const abilities = JSON.parse(document.getElementById("model-abilities")?.textContent || "{}");

  function show() {
    const able = new Set(abilities[form.elements.language_model.value] ?? abilities[""] ?? []);
    for (const part of section.querySelectorAll("[data-needs], [data-lacks], [data-shown-when]")) {
      const { needs, lacks, shownWhen } = part.dataset;
      part.hidden = (needs && !able.has(needs)) || (lacks && able.has(lacks)) || (shownWhen && !holds(shownWhen)) || false;
    }
    for (const part of section.querySelectorAll("[data-lacks-any]")) part.hidden = !part.querySelector("[data-lacks]:not([hidden])");
  }

  function holds(condition) {
    const [name, value] = condition.split("=");
    const control = form.elements[name];
    return control.type === "checkbox" ? control.checked === (value === "on") : control.value === value;
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
});

each("[data-insert-example]", (button) =>
  button.addEventListener("click", () => {
    const editor = button.closest("[data-shown-when]").querySelector("textarea");
    editor.focus();
    editor.select();
    // execCommand keeps the browser's undo history.
    const example = document.getElementById(button.dataset.insertExample).content.textContent.trim();
    if (!document.execCommand("insertText", false, example)) editor.value = example;
    editor.dispatchEvent(new Event("input", { bubbles: true }));
  }),
);
