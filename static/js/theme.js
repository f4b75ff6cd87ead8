// [data-theme-switch]: changes the theme at once and saves it on the server.
import { each } from "./ready.js";

each("[data-theme-switch]", (form) => {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const theme = button.value;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const other of document.querySelectorAll('[data-theme-switch] button[name="theme"]')) {
      other.setAttribute("aria-pressed", String(other.value === theme));
    }
    const body = new FormData(form);
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  });
});
