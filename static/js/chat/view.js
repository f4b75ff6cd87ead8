// The elements of a question and of an answer that is being streamed. The tail of an answer is plain text until its
// paragraph is complete; code is shown as code from its first line on.
import { splitAtOpenFence, textAfter } from "./tail.js";

const SLOW_MS = 10_000;

// `speaker` ({name}): the GPT that the question calls by "@".
export function questionView(chat, text, speaker) {
  const element = copy(chat, "[data-chat-question]");
  const place = element.querySelector(".message__text");
  place.textContent = text;
  if (speaker) place.before(Object.assign(document.createElement("p"), { className: "message__mention", textContent: `@${speaker.name}` }));
  return element;
}

// `speaker` ({name}): another GPT that was mentioned; its icon comes with the last event.
export function answerView(chat, existing, speaker) {
  const element = existing ?? copy(chat, "[data-chat-answer]");
  if (speaker) {
    element.setAttribute("aria-label", speaker.name);
    element.querySelector(".message__name").textContent = speaker.name;
    element.querySelector(".arch")?.classList.add("arch--unknown");
  }
  const place = element.querySelector(".message__text");
  element.querySelector(".message__thinking")?.remove();
  place.replaceChildren();
  const done = place.appendChild(Object.assign(document.createElement("div"), { className: "prose" }));
  const tail = place.appendChild(Object.assign(document.createElement("div"), { className: "message__tail" }));
  let text = "";
  let rendered = 0;
  let thoughts = 0;
  let slow = 0;

  const view = {
    element,
    offset: 0,
    take(event, data, id) {
      expect(event !== "end");
      if (event === "delta") {
        text += data.text;
        view.offset = Number(id);
        showTail(tail, textAfter(text, rendered));
      } else if (event === "html" && data.upto > rendered) {
        rendered = data.upto;
        done.insertAdjacentHTML("beforeend", data.html);
        showTail(tail, textAfter(text, rendered));
      } else if (event === "thinking") {
        think(data);
      } else if (event === "withdrawn") {
        withdraw(data);
      } else if (event === "tool") {
        tool(data);
      } else if (event === "end") {
        end(data);
      }
    },
    // Shows a note while the page reconnects; "" removes it.
    wait(message) {
      clearTimeout(slow);
      element.querySelector("[data-waiting]")?.remove();
      if (message) note(message, "waiting");
    },
    fail(message) {
      view.wait("");
      element.classList.remove("message--running");
      element.classList.add("message--failed");
      note(message);
    },
  };

  // After a long silence a note says so, so that the reader can stop the answer.
  function expect(isMore) {
    view.wait("");
    if (isMore && chat.dataset.chatSlow) slow = setTimeout(() => note(chat.dataset.chatSlow, "waiting"), SLOW_MS);
  }

  // The model's thinking, folded away above its answer; events that come again are skipped.
  function think(data) {
    if (data.offset < thoughts) return;
    const box = element.querySelector(".message__thinking") ?? thinkingBox(chat, place);
    box.lastElementChild.append(data.text);
    thoughts = data.offset + [...data.text].length;
  }

  // A part of the text proved to be thinking: it is not shown as answer any more. What was before comes with the end.
  function withdraw(data) {
    if (data.end <= rendered) return;
    rendered = data.end;
    done.replaceChildren();
    showTail(tail, textAfter(text, rendered));
  }

  // Calls of the provider's own tools as they happen; the last event brings the complete list.
  function tool(data) {
    const list = element.parentElement.querySelector(":scope > .turn__tools") ?? Object.assign(document.createElement("ul"), { className: "turn__tools" });
    if (!list.isConnected) element.after(list);
    list.append(Object.assign(document.createElement("li"), { textContent: data.label }));
  }

  function end(data) {
    element.classList.remove("message--running");
    if (data.state !== "finished") element.classList.add(`message--${data.state === "stopped" ? "stopped" : "failed"}`);
    if (data.html) place.innerHTML = data.html;
    else if (data.state !== "interrupted") place.replaceChildren();
    note(data.note);
    if (data.sources?.length) (element.parentElement.querySelector(":scope > .turn__tools") ?? element).after(sources(chat, data));
  }

  expect(true);

  function note(message, mark = "") {
    if (!message) return;
    const line = Object.assign(document.createElement("p"), { className: "message__note", textContent: message });
    if (mark) line.dataset[mark] = "";
    element.querySelector(".message__body").append(line);
  }

  return view;
}

// Keeps the place of what the server adds below a question and an answer that has ended, until the turn is replaced.
// `hasBranches`: the turn takes the place of an earlier one, so that arrows between the two will stand there.
export function holdPlace(chat, section, hasBranches) {
  section.classList.add("turn--held");
  const bar = chat.querySelector("[data-chat-bar]")?.content.firstElementChild.cloneNode(true);
  if (!bar) return;
  if (!hasBranches) bar.querySelector(".branches").remove();
  section.append(bar);
}

// For a turn that will not be replaced.
export function freePlace(section) {
  section.classList.remove("turn--held");
  section.querySelector(":scope > .turn__bar--held")?.remove();
}

function thinkingBox(chat, place) {
  const box = Object.assign(document.createElement("details"), { className: "disclosure message__thinking" });
  const body = Object.assign(document.createElement("div"), { className: "disclosure__body message__thoughts", tabIndex: 0 });
  box.append(Object.assign(document.createElement("summary"), { textContent: chat.dataset.chatThinking }), body);
  place.before(box);
  return box;
}

function sources(chat, data) {
  const box = Object.assign(document.createElement("details"), { className: "disclosure" });
  box.append(Object.assign(document.createElement("summary"), { textContent: chat.dataset.chatSources }));
  const list = box.appendChild(Object.assign(document.createElement("ol"), { className: "disclosure__body stack stack--2 small" }));
  for (const source of data.sources) {
    const label = [source.file, source.heading].filter(Boolean).join(" · ");
    const item = Object.assign(document.createElement("li"), { id: `source-${data.turn}-${source.number}`, value: source.number });
    const href = `/c/${data.conversation}/turns/${data.turn}/sources/${source.number}`;
    const link = Object.assign(document.createElement("a"), { href, textContent: label });
    link.dataset.passage = "";
    item.append(link);
    list.append(item);
  }
  return box;
}

// Shows the text, and the code so far behind a fence that is still open.
function showTail(tail, text) {
  const [before, code] = splitAtOpenFence(text);
  const words = tail.querySelector(":scope > span") ?? tail.appendChild(document.createElement("span"));
  words.textContent = before;
  let block = tail.querySelector(":scope > pre");
  if (code === null) return void block?.remove();
  block ??= tail.appendChild(Object.assign(document.createElement("pre"), { className: "message__code" }));
  block.textContent = code;
}

function copy(chat, selector) {
  return chat.querySelector(selector).content.firstElementChild.cloneNode(true);
}
