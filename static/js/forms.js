// form[data-once] submits once; form[data-submit-on-change] at each change; form[data-dirty-guard] asks before changes are lost;
// form[data-download] saves the file of the response and reloads the page, which the request may have changed.
// [data-select-all="name"] checks all boxes of that name in its form. The first invalid field of a form gets the focus.
import { each } from "./ready.js";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  const isDownload = form.dataset.download !== undefined;
  const isRefused = event.defaultPrevented;
  // After the browser has read the form: a disabled button would not send its value.
  setTimeout(() => {
    if (isRefused || event.defaultPrevented && !isDownload) return release(form);
    event.submitter?.setAttribute("aria-busy", "true");
    if (isDownload) download(form).then(() => location.reload(), () => release(form));
  });
  if (isDownload) event.preventDefault();
});

// An error is a redirect that is not followed: the page that is loaded next shows its message.
async function download(form) {
  const response = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  if (!response.ok || !name) return;
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await response.blob()), download: name });
  link.click();
  await new Promise((resolve) => setTimeout(resolve, 500));
}

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
}

document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.("form[data-once]") && release(event.target.closest("form")));
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-once]").forEach(release);
});

each("form[data-submit-on-change]", (form) => form.addEventListener("change", () => form.requestSubmit()));

each("form[data-dirty-guard]", (form) => {
  let dirty = false;
  form.addEventListener("input", () => (dirty = true));
  form.addEventListener("submit", () => (dirty = false));
  form.addEventListener("loggia:saved", () => (dirty = false));
  addEventListener("beforeunload", (event) => dirty && form.isConnected && event.preventDefault());
});

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.selectAll;
  if (!name) return;
  const root = event.target.form ?? document;
  for (const box of root.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(name)}"]:not(:disabled)`)) {
    if (box.checked === event.target.checked) continue;
    box.checked = event.target.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// Focuses the first invalid field after a failed submit.
document.querySelector('main form [aria-invalid="true"]:not([hidden])')?.focus();
