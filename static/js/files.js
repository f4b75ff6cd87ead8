// [data-file-drop]: files dropped on the frame go into its input, and their names are shown.
import { each } from "./ready.js";

each("[data-file-drop]", (frame) => {
  const input = frame.querySelector('input[type="file"]');
  const names = frame.querySelector("[data-file-names]");
  const show = () => {
    names.replaceChildren(...[...input.files].map((file) => Object.assign(document.createElement("li"), { textContent: file.name })));
  };
  // The whole frame becomes the control; without scripts the browser's own button stands in it.
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
