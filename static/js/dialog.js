// [data-dialog-open="id"] opens a native <dialog>, [data-dialog-close] closes the one around it; a click on the backdrop closes too.
// form[data-confirm-phrase]: its last button works only when the phrase is typed.
import { each } from "./ready.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog instanceof HTMLDialogElement && !dialog.open) {
      event.preventDefault();
      dialog.showModal();
    }
    return;
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) closer.closest("dialog")?.close();
  else if (event.target instanceof HTMLDialogElement && event.target.open && outside(event, event.target)) event.target.close();
});

function outside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

each("form[data-confirm-phrase]", (form) => {
  const input = form.querySelector('[name="confirmation"]');
  const button = [...form.querySelectorAll("button")].at(-1);
  const check = () => {
    button.disabled = input.value.trim() !== form.dataset.confirmPhrase.trim();
  };
  input.addEventListener("input", check);
  check();
});

// Opens dialogs with this attribute when htmx inserts them.
each("dialog[data-dialog-auto]", (dialog) => dialog.open || dialog.showModal());
