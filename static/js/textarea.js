// textarea[data-autosize] grows with its text; [data-submit-on-enter] sends on Enter, Shift+Enter makes a line.
import { each } from "./ready.js";

each("textarea[data-autosize]", (area) => {
  if (CSS.supports("field-sizing", "content")) {
    area.classList.add("autosize");
    return;
  }
  const grow = () => {
    area.rows = 1;
    const line = parseFloat(getComputedStyle(area).lineHeight) || 22;
    area.rows = Math.min(Math.max(1, Math.round(area.scrollHeight / line)), 16);
  };
  area.addEventListener("input", grow);
  grow();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.("[data-submit-on-enter]")) return;
  // On a touch keyboard Enter is the only way to start a new line.
  if (matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  if (event.target.value.trim()) event.target.form?.requestSubmit();
});
