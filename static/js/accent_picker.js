// [data-accent-picker]: the browser's colour picker beside the text field, and what the colour becomes in both themes.
import { each } from "./ready.js";

const WAIT_MS = 200;

each("[data-accent-picker]", attachPicker);

function attachPicker(picker) {
  const text = picker.querySelector("input[name=accent]");
  const colour = picker.querySelector("[data-accent-colour]");
  const place = document.getElementById("accent-preview");
  let asked = 0;

  colour.addEventListener("input", () => {
    text.value = colour.value;
    show();
  });
  text.addEventListener("input", () => {
    if (/^#[0-9a-f]{6}$/i.test(text.value)) colour.value = text.value;
    show();
  });

  function show() {
    const turn = ++asked;
    setTimeout(async () => {
      if (turn !== asked) return;
      const url = `${picker.dataset.accentPicker}?accent=${encodeURIComponent(text.value)}`;
      const response = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
      if (!response?.ok || turn !== asked) return;
      place.innerHTML = await response.text();
    }, WAIT_MS);
  }
}
