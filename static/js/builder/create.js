// [data-create]: the conversation that fills the draft. Events of the server: message, delta, withdrawn,
// working, change, end.
// The typed text stays in its field until the server has stored it.
import { readEvents } from "../chat/events.js";
import { each } from "../ready.js";
import { showDraft } from "./draft.js";
import { requestFrameRefresh } from "./frame.js";

each("[data-create]", attach);

function attach(root) {
  const form = root.querySelector("[data-create-form]");
  if (!form) return;
  const field = form.elements.text;
  const column = root.querySelector("[data-create-column]");
  const status = root.querySelector("[data-create-status]");
  const choices = root.querySelector("[data-create-choices]");
  const stop = form.querySelector("[data-create-stop]");
  const key = `create:${location.pathname}`;
  let busy = false;
  if (!field.value) field.value = sessionStorage.getItem(key) ?? "";
  field.addEventListener("input", () => {
    sessionStorage.setItem(key, field.value);
    showError("");
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(field.value.trim(), true);
  });
  choices.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter.value, false);
  });
  root.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-change-form]")) return;
    event.preventDefault();
    flip(event.target, event.submitter);
  });
  stop?.addEventListener("click", () => {
    stop.disabled = true;
    post(stop.dataset.createStop, new FormData(), "application/json").then((response) => response?.ok || (stop.disabled = false));
  });
  root.addEventListener("click", (event) => event.target.closest("[data-change-keep]")?.closest(".build-conflict").remove());
  toEnd();

  async function send(text, isTyped) {
    if (!text || busy) return;
    setBusy(true);
    showError("");
    const body = new FormData();
    body.set("text", text);
    const response = await post(form.action, body, "text/event-stream");
    if (!response?.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      setBusy(false);
      if (!isTyped && !field.value) field.value = text;
      return showError((await messageOf(response)) ?? root.dataset.createLost);
    }
    if (isTyped) {
      field.value = "";
      sessionStorage.removeItem(key);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    clearChoices();
    await read(response, text);
    setBusy(false);
    requestFrameRefresh();
  }

  async function read(response, text) {
    const question = copy("[data-create-question]");
    question.querySelector(".message__text").textContent = text;
    const answer = copy("[data-create-answer]");
    root.querySelector("[data-create-messages]").append(question, answer);
    toEnd();
    const place = answer.querySelector(".message__text");
    try {
      for await (const { event, data } of readEvents(response.body)) {
        const follows = isAtEnd();
        if (event === "delta") {
          place.append(data.text);
          status.textContent = "";
        } else if (event === "withdrawn") {
          // It was thinking; the answer comes anew.
          place.replaceChildren();
        } else if (event === "working") {
          status.textContent = root.dataset.createWorking;
        } else if (event === "change") {
          answer.querySelector("[data-create-changes]").insertAdjacentHTML("beforeend", data.html);
          showDraft(data.draft);
        } else if (event === "end") {
          finish(answer, place, data, text);
        }
        if (follows) toEnd();
      }
      if (answer.isConnected && answer.classList.contains("message--running")) throw new Error("no end");
    } catch {
      answer.classList.replace("message--running", "message--failed");
      answer.querySelector("[data-create-note]").textContent = root.dataset.createLost;
      if (!field.value) field.value = text;
    }
  }

  function finish(answer, place, data, text) {
    answer.classList.remove("message--running");
    if (data.html) place.innerHTML = data.html;
    else place.replaceChildren();
    if (data.note) answer.querySelector("[data-create-note]").textContent = data.note;
    if (data.note && data.state !== "stopped" && data.state !== "finished") {
      answer.classList.add("message--failed");
      const retry = choices.dataset.retry ?? "";
      addChoice(retry || "↻", text);
      if (!field.value) field.value = text;
    }
    for (const choice of data.choices ?? []) addChoice(choice, choice);
    root.querySelector("[data-create-said]").textContent = data.text || data.note;
  }

  async function flip(target, submitter) {
    const body = new FormData(target, submitter);
    const card = target.closest("[data-change]");
    submitter?.setAttribute("aria-busy", "true");
    const response = await post(target.action, body, "application/json");
    submitter?.removeAttribute("aria-busy");
    const data = await response?.json().catch(() => null);
    if (data?.html) {
      const fresh = new DOMParser().parseFromString(data.html, "text/html").querySelector("[data-change]");
      card.replaceWith(document.adoptNode(fresh));
      fresh.querySelector("button")?.focus();
    }
    if (response?.ok) {
      showDraft(data.draft);
      return requestFrameRefresh();
    }
    if (!data?.html) showError(data?.error?.message ?? root.dataset.createLost);
  }

  function post(url, body, accept) {
    return fetch(url, { method: "POST", body, headers: { Accept: accept, "X-CSRFToken": form.elements.csrfmiddlewaretoken.value } }).catch(() => null);
  }

  function setBusy(state) {
    busy = state;
    form.querySelector("[data-create-send]").hidden = state;
    stop.hidden = !state;
    stop.disabled = false;
    status.textContent = state ? root.dataset.createThinking : "";
    root.toggleAttribute("data-create-busy", state);
  }

  function clearChoices() {
    choices.querySelectorAll("button").forEach((button) => button.remove());
  }

  function addChoice(label, value) {
    choices.append(Object.assign(document.createElement("button"), { className: "chip", name: "text", value, textContent: label }));
  }

  function showError(text) {
    const place = root.querySelector("[data-create-error]");
    place.replaceChildren();
    if (text) place.append(Object.assign(document.createElement("p"), { className: "callout callout--bad", textContent: text }));
  }

  const copy = (selector) => root.querySelector(selector).content.firstElementChild.cloneNode(true);
  const isAtEnd = () => column.scrollHeight - column.scrollTop - column.clientHeight < 120;
  function toEnd() {
    column.scrollTop = column.scrollHeight;
  }
}

async function messageOf(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return null;
  }
}
