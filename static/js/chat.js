// [data-chat]: sends messages without leaving the page and shows the answer while it is written.
// Markup comes only from the server, which has sanitised it; text that is still streaming is shown as text.
import { keepDraft } from "./chat_draft.js";
import { readEvents } from "./chat_events.js";
import { attachMentions } from "./chat_mentions.js";
import { answerView, questionView } from "./chat_view.js";

const chat = document.querySelector("[data-chat]");
const composer = document.querySelector("[data-composer]");
const column = document.getElementById("column");
const RETRIES = 5;
const LONGEST = 32000;
let running = null; // { conversation, turn, stop() }
let draft = null;
let mentions = null;

if (chat && composer) attach();
if (chat) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-chat-earlier]");
    if (link) showEarlier(event, link);
  });
  // The whole of a long conversation is rarely read: earlier turns come when somebody scrolls there.
  column?.addEventListener("scroll", () => {
    const link = column.scrollTop < 40 && chat.querySelector("[data-chat-earlier]");
    if (link) showEarlier(new Event("scroll"), link);
  });
}

function attach() {
  const field = composer.elements.text;
  draft = keepDraft(field);
  mentions = attachMentions(composer, field);
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || running || isTooLong(text)) return;
    const asked = mentions.chosen();
    send(composer.action, asked ? { text, gpt: asked.slug } : { text }, text, () => {
      draft.clear();
      field.value = "";
      mentions.clear();
      field.dispatchEvent(new Event("input"));
    });
  });
  composer.querySelector("[data-composer-stop]")?.addEventListener("click", () => running?.stop());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) field.blur();
  });
  document.addEventListener("submit", takeOver);
  document.addEventListener("toggle", (event) => event.target.closest?.("[data-chat-last]")?.scrollIntoView({ block: "nearest" }), true);
  if (chat.dataset.chatRunning) resume(chat.dataset.chatConversation, chat.dataset.chatRunning);
  const place = location.hash.startsWith("#turn-") && document.getElementById(location.hash.slice(1));
  if (place) place.scrollIntoView();
  else toEnd();
}

// Starters, retry, edit and the switch of branches are plain forms; with JavaScript they work inside this page.
function takeOver(event) {
  const form = event.target;
  if (form.matches("[data-chat-switch-form]")) return switchBranch(event, form);
  if (!form.matches("[data-chat-starters], [data-chat-retry-form], [data-chat-edit-form]") || running) return;
  event.preventDefault();
  const text = event.submitter?.name === "text" ? event.submitter.value : form.elements.text?.value;
  if (text !== undefined && isTooLong(text)) return;
  const turn = form.closest("[data-turn]");
  const fields = text === undefined ? {} : { text };
  if (form.elements.temporary) fields.temporary = "1";
  send(form.action, fields, text ?? questionOf(turn), () => {}, turn);
}

function questionOf(turn) {
  return turn?.querySelector(".message--user .message__text")?.textContent ?? "";
}

// Told here, before 200,000 characters travel; the server refuses them all the same.
function isTooLong(text) {
  const count = [...text].length;
  if (count <= LONGEST) return false;
  const figure = (value) => value.toLocaleString(document.documentElement.lang || undefined);
  showError((chat.dataset.chatLong ?? chat.dataset.chatFailed).replace("%(count)s", figure(count)).replace("%(limit)s", figure(LONGEST)));
  return true;
}

async function send(url, fields, text, onAccepted, replaced = null) {
  const body = new URLSearchParams(fields);
  body.set("key", crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`);
  if ("chatDraft" in chat.dataset) body.set("draft", "1");
  const isComposed = url === composer.action;
  if (isComposed) {
    for (const file of composer.querySelectorAll("[name=attachments]")) body.append("attachments", file.value);
    if (composer.elements.model) body.set("model", composer.elements.model.value);
  }
  setRunning({ stop() {} });
  showError("");
  // Beside the builder's form, what was typed a moment ago is what answers.
  if ("chatDraft" in chat.dataset) await document.getElementById("draft")?.flushDraft?.();
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
  const asked = isComposed ? mentions.chosen() : speakerOf(replaced);
  onAccepted();
  const messages = chat.querySelector("[data-chat-messages]");
  chat.querySelectorAll("[data-chat-hello], [data-chat-starters]").forEach((element) => element.remove());
  dropFrom(replaced);
  const section = messages.appendChild(Object.assign(document.createElement("section"), { className: "turn" }));
  const question = questionView(chat, text);
  section.append(question);
  if (isComposed) composer.dispatchEvent(new CustomEvent("chat:sent", { detail: { question } }));
  const view = answerView(chat, null, asked);
  section.append(view.element);
  toEnd();
  await read(response, view, section);
}

// A turn that is asked again is replaced, with everything that followed it; the server keeps it as a branch.
function dropFrom(turn) {
  while (turn?.nextSibling) turn.nextSibling.remove();
  turn?.remove();
}

function speakerOf(turn) {
  const name = turn?.querySelector(".message--assistant .message__name")?.textContent;
  return name && name !== chat.dataset.chatName ? { name } : null;
}

function post(url, body, accept = "text/event-stream") {
  return fetch(url, {
    method: "POST",
    body,
    headers: { Accept: accept, "X-CSRFToken": composer.elements.csrfmiddlewaretoken.value },
  });
}

async function resume(conversation, turn) {
  const section = document.getElementById(`turn-${turn}`);
  const view = answerView(chat, section.querySelector(".message--assistant"));
  section.querySelector("[data-chat-stop-form]")?.remove();
  follow(conversation, turn);
  await read(null, view, section);
}

// Reads the stream; a lost connection goes on from where the reader stopped.
async function read(response, view, section) {
  for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
    try {
      if (!response) response = await fetch(`/c/${running.conversation}/turns/${running.turn}/events?from=${view.offset}`);
      if (!response.ok) throw new Error(response.status);
      for await (const { event, data, id } of readEvents(response.body)) {
        const isAtEnd = column.scrollHeight - column.scrollTop - column.clientHeight < 80;
        if (event === "turn") begin(data);
        else if (event === "debug") chat.dispatchEvent(new CustomEvent("chat:debug", { bubbles: true, detail: data }));
        else view.take(event, data, id);
        if (isAtEnd) toEnd();
        if (event === "end") return finish(data, section);
        attempt = 0;
      }
    } catch {
      // Tried again below.
    }
    response = null;
    if (!running?.turn) break;
    await new Promise((done) => setTimeout(done, 400 * 2 ** attempt));
  }
  const lost = running;
  setRunning(null);
  view.fail(chat.dataset.chatFailed);
  if (lost?.turn) section.append(retryRow(lost.conversation, lost.turn));
}

function begin(data) {
  follow(data.conversation, data.turn);
  const here = `/c/${data.conversation}`;
  if (!chat.dataset.chatConversation) {
    chat.dataset.chatConversation = data.conversation;
    chat.dataset.chatNew = "";
    composer.action = `${here}/turns`;
    if (composer.dataset.attach) composer.dataset.attach = `${here}/attachments`;
    // Beside the form of the builder the page stays the builder's.
    if ("chatEmbedded" in chat.dataset) return;
    history.replaceState(null, "", here);
    draft?.move();
    document.title = `${data.title || chat.dataset.chatName} · ${chat.dataset.chatName} · Loggia`;
  }
}

function follow(conversation, turn) {
  setRunning({
    conversation,
    turn,
    stop: () => post(`/c/${conversation}/turns/${turn}/stop`, new URLSearchParams()).catch(() => {}),
  });
}

async function finish(data, section) {
  const { conversation } = running;
  setRunning(null);
  document.querySelector("[data-version-moved]")?.remove();
  chat.querySelectorAll("[data-chat-last]").forEach((bar) => bar.removeAttribute("data-chat-last"));
  chat.querySelectorAll('[data-turn] [data-key="y"]').forEach((button) => button.removeAttribute("data-key"));
  const isNew = "chatNew" in chat.dataset;
  delete chat.dataset.chatNew;
  await refreshTurn(conversation, data.turn, section);
  if (isNew && !("chatEmbedded" in chat.dataset)) refreshPage(conversation);
}

// What can be done with an answer, its branches and its details come from the server, in place of what was streamed.
async function refreshTurn(conversation, turn, section) {
  const answer = await fetch(`/c/${conversation}/turns/${turn}`, { headers: { "X-Fragment": "turn" } }).catch(() => null);
  const made = answer?.ok && parse(await answer.text()).querySelector("[data-turn]");
  if (!section.isConnected) return;
  const isAtEnd = column.scrollHeight - column.scrollTop - column.clientHeight < 80;
  if (made) section.replaceWith(made);
  else section.append(retryRow(conversation, turn));
  if (made) show(made);
  if (isAtEnd) toEnd();
}

// A new conversation has a title, a place in the list and a menu.
async function refreshPage(conversation) {
  const answer = await fetch(`/c/${conversation}`).catch(() => null);
  const page = answer?.ok && parse(await answer.text());
  if (!page) return;
  for (const selector of ["#app-sidebar", ".app__head", "#dialogs"]) {
    const [here, there] = [document.querySelector(selector), page.querySelector(selector)];
    if (!here || !there || here.contains(document.activeElement)) continue;
    here.replaceChildren(...there.childNodes);
    show(here);
  }
}

async function switchBranch(event, form) {
  event.preventDefault();
  if (running) return;
  showError("");
  const response = await post(form.action, new URLSearchParams(), "application/json").catch(() => null);
  if (!response?.ok) return showError((await errorOf(response)) ?? chat.dataset.chatFailed);
  const { turn } = await response.json();
  const label = event.submitter?.getAttribute("aria-label");
  const page = await fetch(`/c/${chat.dataset.chatConversation}`, { headers: { "X-Fragment": "turns" } }).catch(() => null);
  if (!page?.ok) return location.reload();
  const messages = chat.querySelector("[data-chat-messages]");
  messages.replaceChildren(...parse(await page.text()).body.childNodes);
  show(messages);
  const place = document.getElementById(`turn-${turn}`);
  place?.scrollIntoView({ block: "nearest" });
  const buttons = [...(place?.querySelectorAll("[data-chat-switch-form] button") ?? [])];
  (buttons.find((button) => button.getAttribute("aria-label") === label && !button.disabled) ?? buttons.find((button) => !button.disabled))?.focus();
}

async function showEarlier(event, link) {
  event.preventDefault();
  if (link.dataset.loading) return;
  link.dataset.loading = "1";
  const response = await fetch(link.href, { headers: { "X-Fragment": "turns" } }).catch(() => null);
  if (!response?.ok) return void delete link.dataset.loading;
  const messages = chat.querySelector("[data-chat-messages]");
  const before = column.scrollHeight - column.scrollTop;
  link.parentElement.remove();
  const found = parse(await response.text()).body;
  const first = found.querySelector("[data-turn]");
  const isFocused = event.type === "click";
  messages.prepend(...found.childNodes);
  show(messages);
  column.scrollTop = column.scrollHeight - before;
  if (isFocused && first) {
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
  }
}

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// Lets components attach themselves, as after a swap by htmx.
function show(element) {
  element.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
}

function retryRow(conversation, turn) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `/c/${conversation}/turns/${turn}/retry`;
  form.dataset.chatRetryForm = "";
  const token = Object.assign(document.createElement("input"), { type: "hidden", name: "csrfmiddlewaretoken", value: composer.elements.csrfmiddlewaretoken.value });
  const button = Object.assign(document.createElement("button"), { className: "button button--small", textContent: chat.dataset.chatRetry });
  form.append(token, button);
  const row = Object.assign(document.createElement("div"), { className: "turn__bar" });
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
