// [data-counter="80"]: shows used and allowed characters under the control, counted as people count (code points).
import { each } from "./ready.js";

each("[data-counter]", (control) => {
  const limit = Number(control.dataset.counter);
  if (!limit) return;
  const output = document.createElement("span");
  output.className = "field__counter";
  output.setAttribute("aria-hidden", "true");
  control.after(output);
  const count = () => {
    const used = [...control.value].length;
    output.textContent = `${used} / ${limit}`;
    output.classList.toggle("field__counter--near", used > limit * 0.9 && used <= limit);
    output.classList.toggle("field__counter--over", used > limit);
  };
  control.addEventListener("input", count);
  control.form?.addEventListener("reset", () => setTimeout(count));
  count();
});
