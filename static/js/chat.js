// [data-chat]: sends messages without leaving the page and shows the answer while it is written.
// Markup comes only from the server, which has sanitised it; text that is still streaming is shown as text.
import { readEvents } from "./chat_events.js";
import { answerView, questionView } from "./chat_view.js";

const chat = document.querySelector("[data-chat]");
const composer = document.querySelector("[data-composer]");
const column = document.getElementById("column");
const RETRIES = 5;
let running = null; // { conversation, turn, stop() }

if (chat && composer) attach();

function attach() {
  const field = composer.elements.text;
  const draftKey = `chat:${location.pathname}`;
  if (!field.value) field.value = sessionStorage.getItem(draftKey) ?? "";
  field.addEventListener("input", () => sessionStorage.setItem(draftKey, field.value));

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || running) return;
    send(composer.action, { text }, text, () => {
      field.value = "";
      field.dispatchEvent(new Event("input"));
    });
  });
  composer.querySelector("[data-composer-stop]")?.addEventListener("click", () => running?.stop());
  document.addEventListener("submit", takeOver);
  document.addEventListener("toggle", (event) => event.target.closest("[data-chat-last]")?.scrollIntoView({ block: "nearest" }), true);
  if (chat.dataset.chatRunning) resume(chat.dataset.chatConversation, chat.dataset.chatRunning);
  column.scrollTop = column.scrollHeight;
}

// Starters, retry and edit are plain forms; with JavaScript they stream into this page.
function takeOver(event) {
  const form = event.target;
  if (!form.matches("[data-chat-starters], [data-chat-retry-form], [data-chat-edit-form]") || running) return;
  event.preventDefault();
  const text = event.submitter?.name === "text" ? event.submitter.value : form.elements.text?.value;
  // An answer that replaces another one is easiest to show by the page itself once it has ended.
  const replaces = !form.matches("[data-chat-starters]");
  send(form.action, text === undefined ? {} : { text }, text ?? lastQuestion(), () => {}, replaces);
}

function lastQuestion() {
  return [...chat.querySelectorAll(".message--user .message__text")].at(-1)?.textContent ?? "";
}

async function send(url, fields, text, onAccepted, replaces = false) {
  const body = new URLSearchParams(fields);
  body.set("key", crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`);
  if ("chatDraft" in chat.dataset) body.set("draft", "1");
  setRunning({ stop() {} });
  showError("");
  let response;
  try {
    response = await post(url, body);
  } catch {
    // Sent twice with one key is one message: trying once more cannot double it.
    response = await post(url, body).catch(() => null);
  }
  if (!response?.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    setRunning(null);
    showError((await errorOf(response)) ?? chat.dataset.chatFailed);
    return;
  }
  onAccepted();
  const messages = chat.querySelector("[data-chat-messages]");
  chat.querySelectorAll("[data-chat-last], [data-chat-hello], [data-chat-starters]").forEach((element) => element.remove());
  if (replaces) dropLastTurn(messages);
  messages.append(questionView(chat, text));
  const view = answerView(chat);
  messages.append(view.element);
  toEnd();
  await read(response, view);
}

function dropLastTurn(messages) {
  const last = [...messages.querySelectorAll(".message--user")].at(-1);
  while (last?.nextSibling) last.nextSibling.remove();
  last?.remove();
}

function post(url, body) {
  return fetch(url, {
    method: "POST",
    body,
    headers: { Accept: "text/event-stream", "X-CSRFToken": composer.elements.csrfmiddlewaretoken.value },
  });
}

async function resume(conversation, turn) {
  const view = answerView(chat, [...chat.querySelectorAll(".message--assistant")].at(-1));
  follow(conversation, turn);
  await read(null, view);
}

// Reads the stream; a lost connection goes on from where the reader stopped.
async function read(response, view) {
  for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
    try {
      if (!response) response = await fetch(`/c/${running.conversation}/turns/${running.turn}/events?from=${view.offset}`);
      if (!response.ok) throw new Error(response.status);
      for await (const { event, data, id } of readEvents(response.body)) {
        const isAtEnd = column.scrollHeight - column.scrollTop - column.clientHeight < 80;
        if (event === "turn") begin(data);
        else view.take(event, data, id);
        if (isAtEnd) toEnd();
        if (event === "end") return finish(data);
      }
    } catch {
      // Tried again below.
    }
    response = null;
    if (!running?.turn) break;
    await new Promise((done) => setTimeout(done, 400 * 2 ** attempt));
  }
  setRunning(null);
  view.fail(chat.dataset.chatFailed);
}

function begin(data) {
  follow(data.conversation, data.turn);
  const here = `/c/${data.conversation}`;
  if (!chat.dataset.chatConversation) {
    chat.dataset.chatConversation = data.conversation;
    sessionStorage.removeItem(`chat:${location.pathname}`);
    composer.action = `${here}/turns`;
    // Beside the form of the builder the page stays the builder's.
    if ("chatEmbedded" in chat.dataset) return;
    history.replaceState(null, "", here);
    document.title = `${data.title} · ${chat.dataset.chatName} · Loggia`;
  }
}

function follow(conversation, turn) {
  setRunning({
    conversation,
    turn,
    stop: () => post(`/c/${conversation}/turns/${turn}/stop`, new URLSearchParams()).catch(() => {}),
  });
}

function finish(data) {
  const { conversation } = running;
  setRunning(null);
  refresh(conversation, data);
}

// What else the page shows of a conversation (actions, title, menu, history) comes from the page itself.
async function refresh(conversation, data) {
  const answer = await fetch(`/c/${conversation}`).catch(() => null);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  if (running) return;
  const actions = page && page.querySelector("[data-chat-last]");
  chat.querySelectorAll("[data-chat-last]").forEach((element) => element.remove());
  show(chat.querySelector("[data-chat-messages]").appendChild(actions || retryRow(conversation, data)));
  if (!page || "chatEmbedded" in chat.dataset) return;
  for (const selector of ["#app-sidebar", ".app__head", "#dialogs"]) {
    const [here, there] = [document.querySelector(selector), page.querySelector(selector)];
    if (!here || !there || here.contains(document.activeElement)) continue;
    here.replaceChildren(...there.childNodes);
    show(here);
  }
}

// Lets components attach themselves, as after a swap by htmx.
function show(element) {
  element.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
}

function retryRow(conversation, data) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `/c/${conversation}/turns/${data.turn}/retry`;
  form.dataset.chatRetryForm = "";
  const token = Object.assign(document.createElement("input"), { type: "hidden", name: "csrfmiddlewaretoken", value: composer.elements.csrfmiddlewaretoken.value });
  const button = Object.assign(document.createElement("button"), { className: "button button--small", textContent: chat.dataset.chatRetry });
  form.append(token, button);
  const row = Object.assign(document.createElement("div"), { className: "row" });
  row.dataset.chatLast = "";
  row.append(form);
  return row;
}

function setRunning(state) {
  running = state;
  composer.querySelector("[data-composer-send]").hidden = state !== null;
  composer.querySelector("[data-composer-stop]").hidden = state === null;
}

function showError(text) {
  const place = document.querySelector("[data-chat-error]");
  place.replaceChildren();
  if (!text) return;
  place.append(Object.assign(document.createElement("p"), { className: "callout callout--bad", textContent: text }));
}

async function errorOf(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return null;
  }
}

function toEnd() {
  column.scrollTop = column.scrollHeight;
}
