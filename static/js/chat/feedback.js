// form[data-feedback-form]: sends a thumb or a reason; the server answers with the new thumbs.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-feedback-form]") || !event.submitter) return;
  event.preventDefault();
  const place = form.closest("[data-chat-feedback]");
  const { name, value } = event.submitter;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const response = await fetch(form.action, { method: "POST", body, headers: { "X-Fragment": "feedback" } }).catch(() => null);
  if (!response?.ok) {
    document.dispatchEvent(new CustomEvent("loggia:toast", { detail: { kind: "bad", text: document.body.dataset.errorText } }));
    return;
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-chat-feedback]");
  if (!fresh) return;
  // Markup of our own server; the focus stays on the button that was pressed.
  place.replaceWith(fresh);
  fresh.querySelector(".thumbs__reasons")?.scrollIntoView({ block: "nearest" });
  const buttons = [...fresh.querySelectorAll(`button[name="${name}"]`)];
  const isFirstThumb = value === "up" || (value === "none" && form.querySelector("button") === event.submitter);
  const isSameReason = (button) => button.textContent === event.submitter.textContent;
  const again = name === "thumb" ? buttons[isFirstThumb ? 0 : 1] : buttons.find(isSameReason);
  again?.focus();
});
