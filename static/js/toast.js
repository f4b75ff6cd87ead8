// Toasts: from the server's fragments, from HX-Trigger or a "loggia:toast" event, and for failed htmx requests.
import { each } from "./ready.js";

const region = document.getElementById("toasts");
const texts = document.body.dataset;
const LONG = 8000;

function toast(kind, text) {
  const box = document.createElement("div");
  box.className = `toast toast--${["good", "warn", "bad"].includes(kind) ? kind : "info"}`;
  box.dataset.toast = box.dataset.dismissable = "";
  const words = document.createElement("p");
  words.className = "toast__text";
  words.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button";
  button.dataset.dismiss = "";
  button.setAttribute("aria-label", texts.closeText ?? "");
  button.textContent = "×";
  box.append(words, button);
  region.append(box);
  leave(box);
}

// Errors and warnings stay until they are closed; other toasts disappear, but not while hovered or focused.
function leave(box) {
  if (box.matches(".toast--bad, .toast--warn")) return;
  const timer = setInterval(() => {
    if (box.matches(":hover, :focus-within")) return;
    clearInterval(timer);
    box.remove();
  }, LONG);
}

each("[data-toast]", leave);

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest("[data-dismissable]")?.remove();
});

document.addEventListener("loggia:toast", (event) => toast(event.detail.kind, event.detail.text));

document.addEventListener("htmx:responseError", (event) => {
  const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector("[data-toast]");
  if (answer) {
    region.append(document.adoptNode(answer));
    leave(answer);
  } else toast("bad", texts.errorText);
});

for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => toast("bad", texts.offlineText));
