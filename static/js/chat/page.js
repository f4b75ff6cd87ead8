// What the modules of a chat share: its elements, errors, scrolling, and loading parts of the conversation.
// All markup comes from the server, which has sanitised it.
const NEAR_THE_END = 80;

export const conversationUrl = (conversation) => `/c/${conversation}`;

// The error of a response as { code, message, data }; null when its body has none.
export async function errorOf(response) {
  try {
    return (await response.json()).error;
  } catch {
    return null;
  }
}

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// Lets components attach themselves to new content, as after an htmx swap.
function show(element) {
  globalThis.htmx?.process(element);
  element.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
}

// `chat` is the element [data-chat].
export function chatPage(chat) {
  const composer = document.querySelector("[data-composer]");
  const column = document.getElementById("column");

  function post(url, body, accept = "text/event-stream") {
    return fetch(url, {
      method: "POST",
      body,
      headers: { Accept: accept, "X-CSRFToken": composer.elements.csrfmiddlewaretoken.value },
    });
  }

  function showError(text, kind = "bad") {
    const place = document.querySelector("[data-chat-error]");
    place.replaceChildren();
    if (!text) return null;
    const made = document.querySelector("template[data-chat-callout]")?.content.firstElementChild.cloneNode(true);
    const callout = made ?? Object.assign(document.createElement("div"), { className: "callout callout--bad" });
    callout.classList.replace("callout--bad", `callout--${kind}`);
    (callout.querySelector("p") ?? callout).textContent = text;
    place.append(callout);
    return callout;
  }

  function isAtEnd() {
    return column.scrollHeight - column.scrollTop - column.clientHeight < NEAR_THE_END;
  }

  function toEnd() {
    column.scrollTop = column.scrollHeight;
  }

  // [data-chat-down] scrolls to the end; it is shown while the reader is further up.
  function watchEnd(button) {
    if (!button) return;
    const check = () => {
      button.hidden = column.scrollHeight - column.scrollTop - column.clientHeight < column.clientHeight / 2;
    };
    column.addEventListener("scroll", check, { passive: true });
    new ResizeObserver(check).observe(chat);
    button.addEventListener("click", () => {
      column.scrollTo({ top: column.scrollHeight, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      composer?.elements.text.focus({ preventScroll: true });
    });
  }

  // Replaces the shown turns by the current path of the conversation.
  async function showPath(conversation) {
    const page = await fetch(conversationUrl(conversation), { headers: { "X-Fragment": "turns" } }).catch(() => null);
    if (!page?.ok) return false;
    const messages = chat.querySelector("[data-chat-messages]");
    messages.replaceChildren(...parse(await page.text()).body.childNodes);
    show(messages);
    return true;
  }

  // Replaces a streamed turn by the server's markup, with its actions, branches and details.
  async function refreshTurn(conversation, turn, section) {
    const answer = await fetch(`${conversationUrl(conversation)}/turns/${turn}`, { headers: { "X-Fragment": "turn" } }).catch(() => null);
    const made = answer?.ok && parse(await answer.text()).querySelector("[data-turn]");
    if (!section.isConnected) return true;
    if (!made) return false;
    const wasAtEnd = isAtEnd();
    section.replaceWith(made);
    show(made);
    if (wasAtEnd) toEnd();
    return true;
  }

  // Refreshes what a new conversation changes: list, title and menu.
  async function refreshPage(conversation) {
    const answer = await fetch(conversationUrl(conversation)).catch(() => null);
    const page = answer?.ok && parse(await answer.text());
    if (!page) return;
    for (const selector of ["#app-sidebar", ".app__head", "#dialogs"]) {
      const [here, there] = [document.querySelector(selector), page.querySelector(selector)];
      if (!here || !there || here.contains(document.activeElement)) continue;
      here.replaceChildren(...there.childNodes);
      show(here);
    }
  }

  // Loads earlier turns when they are requested or scrolled to.
  function offerEarlier() {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-chat-earlier]");
      if (!link) return;
      event.preventDefault();
      showEarlier(link, true);
    });
    column?.addEventListener("scroll", () => {
      const link = column.scrollTop < 40 && chat.querySelector("[data-chat-earlier]");
      if (link) showEarlier(link, false);
    });
  }

  async function showEarlier(link, isAsked) {
    if (link.dataset.loading) return;
    link.dataset.loading = "1";
    const response = await fetch(link.href, { headers: { "X-Fragment": "turns" } }).catch(() => null);
    if (!response?.ok) return void delete link.dataset.loading;
    const messages = chat.querySelector("[data-chat-messages]");
    const found = parse(await response.text()).body;
    const first = found.querySelector("[data-turn]");
    // The link is removed, so the focus moves to the first of the loaded turns.
    const hadFocus = isAsked || document.activeElement === link;
    const below = column.scrollHeight - column.scrollTop;
    link.parentElement.remove();
    messages.prepend(...found.childNodes);
    show(messages);
    column.scrollTop = column.scrollHeight - below;
    if (hadFocus && first) {
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    }
  }

  // A bar with one button below a turn that could not be read to its end: a form, or a click handler.
  function row(label, { action = "", onClick = null } = {}) {
    const bar = Object.assign(document.createElement("div"), { className: "turn__bar" });
    bar.dataset.chatLast = "";
    const button = Object.assign(document.createElement("button"), { className: "button button--small", textContent: label });
    if (onClick) {
      button.type = "button";
      button.addEventListener("click", () => onClick(bar));
      bar.append(button);
      return bar;
    }
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    form.dataset.chatRetryForm = "";
    const token = { type: "hidden", name: "csrfmiddlewaretoken", value: composer.elements.csrfmiddlewaretoken.value };
    form.append(Object.assign(document.createElement("input"), token), button);
    bar.append(form);
    return bar;
  }

  return { composer, column, post, showError, isAtEnd, toEnd, watchEnd, showPath, refreshTurn, refreshPage, offerEarlier, row };
}
