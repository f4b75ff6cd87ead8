// [data-chat]: sends messages without leaving the page and shows the answer while it is written.
// Markup comes only from the server, which has sanitised it; text that is still streaming is shown as text.
import { keepDraft } from "./draft.js";
import { attachMentions } from "./mentions.js";
import { chatPage, conversationUrl, errorOf } from "./page.js";
import { readTurn } from "./stream.js";
import { openTabChannel } from "./tabs.js";
import { answerView, freePlace, holdPlace, questionView } from "./view.js";

const LONGEST = 32000;

// All state of a conversation is local to this call.
export function attachConversation(chat) {
  const { composer, column, post, showError, isAtEnd, toEnd, watchEnd, showPath, refreshTurn, refreshPage, offerEarlier, row } = chatPage(chat);
  const words = chat.dataset;
  const tabs = openTabChannel();
  let running = null; // { conversation, turn, stop() }
  let isBusyTold = false;
  let draft = null;
  let mentions = null;

  if (composer) attachComposer();
  if (column) settle();

  function attachComposer() {
    const field = composer.elements.text;
    draft = keepDraft(field, { person: words.chatPerson, isTemporary: "chatTemporary" in words });
    mentions = attachMentions(composer, field);
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text || isBusy() || isTooLong(text)) return;
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
      if (event.defaultPrevented || event.isComposing) return;
      if (event.key === "Escape") field.blur();
      if (event.key === "ArrowUp" && !field.value && !event.shiftKey && editLast()) event.preventDefault();
    });
    document.addEventListener("submit", takeOver);
    document.addEventListener("toggle", opened, true);
    chat.addEventListener("reset", (event) => closeEdit(event.target));
    chat.addEventListener("keydown", (event) => {
      const form = event.key === "Escape" && event.target.closest("[data-chat-edit-form]");
      if (!form) return;
      event.stopPropagation();
      form.reset();
    });
    tabs.hear((conversation, turn) => conversation === words.chatConversation && readAlong(turn));
    if (words.chatRunning) resume(words.chatConversation, words.chatRunning);
  }

  // Runs also for an ended conversation, which has no composer.
  function settle() {
    offerEarlier();
    watchEnd(document.querySelector("[data-chat-down]"));
    const place = location.hash.startsWith("#turn-") && document.getElementById(location.hash.slice(1));
    if (place) place.scrollIntoView();
    else if (chat.querySelector("[data-turn]")) toEnd();
  }

  // Starters, retry, edit, going on and switching branches are plain forms; with JavaScript they do not leave the page.
  function takeOver(event) {
    const form = event.target;
    if (form.matches("[data-chat-switch-form]")) return switchBranch(event, form);
    if (form.matches("[data-chat-continue-form]")) {
      event.preventDefault();
      if (!isBusy()) send(form.action, {}, form.dataset.text, () => {}, { speaker: speakerOf(form.closest("[data-turn]")) });
      return;
    }
    if (!form.matches("[data-chat-starters], [data-chat-retry-form], [data-chat-edit-form]")) return;
    event.preventDefault();
    if (isBusy()) return;
    const text = event.submitter?.name === "text" ? event.submitter.value : form.elements.text?.value;
    if (text !== undefined && isTooLong(text)) return;
    const turn = form.closest("[data-turn]");
    const fields = text === undefined ? {} : { text };
    if (form.elements.temporary) fields.temporary = "1";
    send(form.action, fields, text ?? questionOf(turn), () => {}, { replaced: turn, speaker: speakerOf(turn) });
  }

  // Focuses an opened editor; scrolls opened details below the last answer into view.
  function opened(event) {
    const details = event.target;
    if (!details.open || !chat.contains(details)) return;
    const area = details.matches(".turn__edit") && details.querySelector("textarea");
    if (area) {
      area.focus({ preventScroll: true });
      area.setSelectionRange(area.value.length, area.value.length);
    }
    if (area || details.closest("[data-chat-last]")) details.scrollIntoView({ block: "nearest" });
  }

  function closeEdit(form) {
    const details = form.closest(".turn__edit");
    if (!details) return;
    details.open = false;
    details.querySelector("summary").focus();
  }

  function editLast() {
    // Only the last turn, and only once it has an editor: it has none until it was refreshed.
    const details = chat.querySelector("[data-chat-messages]").lastElementChild?.querySelector(".turn__edit");
    if (!details || running) return false;
    details.open = true;
    return true;
  }

  function questionOf(turn) {
    return turn?.querySelector(".message--user .message__text")?.textContent ?? "";
  }

  // One answer at a time; a message says so, as a key without effect looks broken.
  function isBusy() {
    if (!running) return false;
    isBusyTold = true;
    showError(words.chatBusy ?? "", "info");
    return true;
  }

  // Checked before a large text is sent; the server checks the limit as well.
  function isTooLong(text) {
    const count = [...text].length;
    if (count <= LONGEST) return false;
    const figure = (value) => value.toLocaleString(document.documentElement.lang || undefined);
    const place = showError((words.chatLong ?? words.chatFailed).replace("%(count)s", figure(count)).replace("%(limit)s", figure(LONGEST)));
    if (text === composer.elements.text.value.trim() && composer.dataset.attach && words.chatAttach) offerFile(place);
    return true;
  }

  // Offers to attach a text that is too long for a message as a file.
  function offerFile(place) {
    const field = composer.elements.text;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button button--small", textContent: words.chatAttach });
    button.addEventListener("click", () => {
      composer.dispatchEvent(new CustomEvent("chat:attach", { detail: { file: new File([field.value], "pasted.txt", { type: "text/plain" }) } }));
      field.value = "";
      field.dispatchEvent(new Event("input"));
      field.focus();
      showError("");
    });
    place.append(button);
  }

  // `replaced` is the turn that this one takes the place of, `speaker` who answers, unless the composer says so.
  async function send(url, fields, text, onAccepted, { replaced = null, speaker = null } = {}) {
    const body = new URLSearchParams(fields);
    body.set("key", crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`);
    if ("chatDraft" in words) body.set("draft", "1");
    const isComposed = url === composer.action;
    if (isComposed) {
      for (const file of composer.querySelectorAll("[name=attachments]")) body.append("attachments", file.value);
      if (composer.elements.model) body.set("model", composer.elements.model.value);
      if (composer.elements.workspace) body.set("workspace", composer.elements.workspace.value);
    }
    setRunning({ stop() {} });
    showError("");
    // In the builder's preview, unsaved edits of the draft are saved first.
    if ("chatDraft" in words) await document.getElementById("draft")?.flushDraft?.();
    let response;
    try {
      response = await post(url, body);
    } catch {
      // The key makes the request idempotent, so one retry cannot send the message twice.
      response = await post(url, body).catch(() => null);
    }
    if (!response?.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      setRunning(null);
      return refused(await errorOf(response));
    }
    const asked = isComposed ? mentions.chosen() : speaker;
    onAccepted();
    const messages = chat.querySelector("[data-chat-messages]");
    chat.querySelectorAll("[data-chat-hello], [data-chat-starters], [data-chat-continue-form]").forEach((element) => element.remove());
    dropFrom(replaced);
    const section = messages.appendChild(Object.assign(document.createElement("section"), { className: "turn" }));
    const question = questionView(chat, text, asked);
    section.append(question);
    if (isComposed) composer.dispatchEvent(new CustomEvent("chat:sent", { detail: { question } }));
    const view = answerView(chat, null, asked);
    section.append(view.element);
    holdPlace(chat, section, replaced !== null);
    toEnd();
    await read(response, view, section, () => post(url, body));
  }

  // The text stays in the composer. If a turn is running in another tab, this tab shows it as well.
  function refused(error) {
    showError(error?.message ?? words.chatFailed, error?.code === "turn_running" ? "info" : "bad");
    if (error?.code !== "turn_running" || !error.data?.turn) return;
    isBusyTold = true;
    readAlong(error.data.turn);
  }

  // A repeated turn replaces the old one and everything after it; the server keeps those as a branch.
  function dropFrom(turn) {
    while (turn?.nextSibling) turn.nextSibling.remove();
    turn?.remove();
  }

  // The GPT that the turn's question called by "@"; an answer that failed may have no name.
  function speakerOf(turn) {
    const mention = turn?.querySelector(".message--user .message__mention")?.textContent;
    return mention ? { name: mention.slice(1) } : null;
  }

  // Shows a turn that was started elsewhere: the current conversation and the streaming answer.
  async function readAlong(turn) {
    const conversation = words.chatConversation;
    if (!conversation || running || !(await showPath(conversation)) || running) return;
    const isRunning = document.getElementById(`turn-${turn}`)?.querySelector("[data-chat-stop-form]");
    toEnd();
    if (isRunning) await resume(conversation, turn);
  }

  async function resume(conversation, turn) {
    const section = document.getElementById(`turn-${turn}`);
    const view = answerView(chat, section.querySelector(".message--assistant"));
    section.querySelector("[data-chat-stop-form]")?.remove();
    holdPlace(chat, section, false);
    follow(conversation, turn);
    await read(null, view, section);
  }

  async function read(response, view, section, ask = null) {
    let isEnded = null;
    const isRead = await readTurn(response, {
      offset: () => view.offset,
      open: (offset) => (running.turn ? fetch(`${conversationUrl(running.conversation)}/turns/${running.turn}/events?from=${offset}`) : ask()),
      wait: (isLost) => view.wait(isLost ? words.chatWaiting : ""),
      take(event, data, id) {
        const wasAtEnd = isAtEnd();
        if (event === "turn") begin(data);
        else if (event === "debug") chat.dispatchEvent(new CustomEvent("chat:debug", { bubbles: true, detail: data }));
        else view.take(event, data, id);
        if (wasAtEnd) toEnd();
        if (event === "end") isEnded = data;
        return event === "end";
      },
    });
    if (isRead) return finish(isEnded, section);
    const lost = running;
    setRunning(null);
    freePlace(section);
    view.fail(lost?.turn ? words.chatLost ?? words.chatFailed : words.chatFailed);
    if (lost?.turn) section.append(row(words.chatReadOn ?? words.chatRetry, { onClick: (bar) => readOn(bar, lost, view.element, section) }));
  }

  function readOn(bar, lost, element, section) {
    if (isBusy()) return;
    bar.remove();
    element.querySelectorAll(".message__note").forEach((note) => note.remove());
    element.classList.remove("message--failed");
    element.classList.add("message--running");
    holdPlace(chat, section, false);
    follow(lost.conversation, lost.turn);
    read(null, answerView(chat, element), section);
  }

  // A conversation stays with the workspace that its first message chose.
  function fixPayer(choice) {
    const said = choice?.selectedOptions[0]?.textContent.trim();
    if (said) choice.replaceWith(Object.assign(document.createElement("span"), { className: "composer__payer", textContent: said }));
  }

  function begin(data) {
    const isNew = running?.turn !== data.turn;
    follow(data.conversation, data.turn, data.position);
    const here = conversationUrl(data.conversation);
    if (isNew) tabs.tell(data.conversation, data.turn);
    if (!words.chatConversation) {
      words.chatConversation = data.conversation;
      composer.action = `${here}/turns`;
      if (composer.dataset.attach) composer.dataset.attach = `${here}/attachments`;
      fixPayer(composer.elements.workspace);
      // The builder's preview keeps the URL and title of the builder.
      if ("chatEmbedded" in words) return;
      history.replaceState(null, "", here);
      draft?.move();
      document.title = `${data.title || words.chatName} · ${words.chatName} · Loggia`;
      refreshPage(data.conversation);
    }
  }

  function follow(conversation, turn, position = 0) {
    setRunning({
      conversation,
      turn,
      position,
      stop: () => post(`${conversationUrl(conversation)}/turns/${turn}/stop`, new URLSearchParams()).catch(() => {}),
    });
  }

  async function finish(data, section) {
    const { conversation, position } = running;
    setRunning(null);
    if (isBusyTold) showError("");
    isBusyTold = false;
    document.querySelector("[data-version-moved]")?.remove();
    for (const bar of chat.querySelectorAll("[data-chat-last]")) {
      bar.removeAttribute("data-chat-last");
      bar.querySelector(".button--primary")?.classList.replace("button--primary", "button--quiet");
    }
    chat.querySelectorAll("[data-turn] [data-key]").forEach((button) => button.removeAttribute("data-key"));
    // The mark of the context window may have moved, so the whole path is read again.
    if (hasGap(section, position) || (data.trimmed && isAtEnd())) {
      const wasAtEnd = isAtEnd();
      await showPath(conversation);
      if (wasAtEnd) toEnd();
    } else if (!(await refreshTurn(conversation, data.turn, section))) {
      freePlace(section);
      section.append(row(words.chatRetry, { action: `${conversationUrl(conversation)}/turns/${data.turn}/retry` }));
    }
  }

  // True when another tab or device added turns between the last one on this page and this one.
  function hasGap(section, position) {
    const before = section.previousElementSibling?.dataset?.position;
    return Boolean(position && before && Number(before) + 1 < position);
  }

  async function switchBranch(event, form) {
    event.preventDefault();
    if (isBusy()) return;
    showError("");
    const response = await post(form.action, new URLSearchParams(), "application/json").catch(() => null);
    if (!response?.ok) return refused(await errorOf(response));
    const { turn } = await response.json();
    const label = event.submitter?.getAttribute("aria-label");
    if (!(await showPath(words.chatConversation))) return location.reload();
    const place = document.getElementById(`turn-${turn}`);
    place?.scrollIntoView({ block: "nearest" });
    const buttons = [...(place?.querySelectorAll("[data-chat-switch-form] button") ?? [])];
    (buttons.find((button) => button.getAttribute("aria-label") === label && !button.disabled) ?? buttons.find((button) => !button.disabled))?.focus();
  }

  function setRunning(state) {
    running = state;
    composer.querySelector("[data-composer-send]").hidden = state !== null;
    composer.querySelector("[data-composer-stop]").hidden = state === null;
  }
}
