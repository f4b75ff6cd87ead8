// [data-file-drop]: files dropped on the frame go into its input, and their names are shown.
import { each } from "./ready.js";

each("[data-file-drop]", (frame) => {
  const input = frame.querySelector('input[type="file"]');
  const names = frame.querySelector("[data-file-names]");
  const show = () => {
    names.replaceChildren(...[...input.files].map((file) => Object.assign(document.createElement("li"), { textContent: file.name })));
  };
  // With scripts the whole frame is the control; without them the browser's own button is.
  frame.classList.add("file-drop--whole");
  const over = (on) => frame.classList.toggle("file-drop--over", on);
  frame.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  frame.addEventListener("dragleave", () => over(false));
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (!event.dataTransfer.files.length) return;
    const chosen = new DataTransfer();
    for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) chosen.items.add(file);
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", show);
});
