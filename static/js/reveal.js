// [data-reveal="id"]: shows what was typed into a password field. It is hidden again before the form is sent, so that
// password managers find a password field and browsers do not remember the text.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  const field = button && document.getElementById(button.dataset.reveal);
  if (field) show(button, field, field.type === "password");
});

document.addEventListener(
  "submit",
  (event) => {
    for (const button of event.target.querySelectorAll('[data-reveal][aria-pressed="true"]')) {
      show(button, document.getElementById(button.dataset.reveal), false);
    }
  },
  true,
);

function show(button, field, isShown) {
  field.type = isShown ? "text" : "password";
  field.spellcheck = false;
  field.autocapitalize = "off";
  button.setAttribute("aria-pressed", String(isShown));
}
