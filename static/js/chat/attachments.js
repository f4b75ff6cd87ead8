// [data-composer][data-attach]: files of a message, chosen, dropped or pasted. Each is uploaded at once and shown as a
// chip. A message that is sent while a file is still being processed waits for it and says so.
import { each } from "../ready.js";

const WATCH_MS = 700;

each("[data-composer][data-attach]", attachFiles);

function attachFiles(composer) {
  const words = composer.dataset;
  const list = composer.querySelector("[data-composer-list]");
  const note = composer.querySelector("[data-composer-note]");
  const said = note.textContent;
  const draft = `chat-files:${location.pathname}`;
  const files = new Map(); // chip element -> { id, state }
  const payer = composer.elements.workspace;
  let isWaiting = false;

  composer.querySelector("[data-composer-files]").addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = "";
  });
  composer.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    add(pasted);
  });
  const place = composer.closest(".app__main") ?? composer;
  place.addEventListener("dragover", (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    composer.classList.add("composer--over");
  });
  place.addEventListener("dragleave", (event) => place.contains(event.relatedTarget) || composer.classList.remove("composer--over"));
  place.addEventListener("drop", (event) => {
    composer.classList.remove("composer--over");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  composer.addEventListener("chat:attach", (event) => add([event.detail.file]));
  // Captured, to run before the chat's own handler: files that are not ready delay the message.
  composer.addEventListener(
    "submit",
    (event) => {
      if (![...files.values()].some((file) => file.state === "waiting")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      isWaiting = true;
      say(words.attachWaiting);
    },
    true,
  );
  composer.addEventListener("chat:sent", (event) => {
    const shown = document.createElement("ul");
    shown.className = "chips";
    for (const [chip, file] of files) {
      if (file.state === "ready") shown.append(sentChip(chip, file));
      chip.remove();
    }
    files.clear();
    remember();
    say(said);
    if (shown.children.length) event.detail.question.querySelector(".message__body").prepend(shown);
  });
  for (const id of JSON.parse(sessionStorage.getItem(draft) ?? "[]")) restore(id);

  function add(chosen) {
    const room = Number(words.attachLimit) - files.size;
    if (chosen.length > room) say(words.attachFull);
    for (const file of chosen.slice(0, Math.max(room, 0))) upload(file);
  }

  async function upload(file) {
    const chip = newChip(file.name);
    const entry = { id: null, state: "waiting", isImage: file.type.startsWith("image/") };
    files.set(chip, entry);
    // Checked before a large file is sent; the server checks the limit as well.
    if (file.size > Number(words.attachBytes || Infinity)) return fail(chip, words.attachLarge);
    const body = new FormData();
    body.set("file", file, file.name || "pasted.png");
    if (payer) body.set("workspace", payer.value);
    const response = await fetch(words.attach, { method: "POST", body, headers: headers() }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (!response?.ok || !answer?.id) return fail(chip, answer?.error?.message ?? words.attachFailed);
    if (!files.has(chip)) return void drop(answer.id);
    entry.id = answer.id;
    remember();
    take(chip, answer);
  }

  function take(chip, answer) {
    const entry = files.get(chip);
    if (!entry) return;
    fixPayer(answer.workspace);
    Object.assign(entry, { id: answer.id, url: answer.url, name: answer.name, isImage: answer.kind === "image", remarks: answer.remarks ?? [] });
    if (answer.state === "failed") return fail(chip, answer.failure);
    if (answer.state !== "ready") return void setTimeout(() => watch(chip), WATCH_MS);
    entry.state = "ready";
    chip.classList.remove("attachment--reading");
    // What the model will not see of the file, before it is sent.
    chip.querySelector("[data-state]").textContent = entry.remarks.join(" ");
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "attachments", value: answer.id });
    chip.append(field);
    settle();
  }

  // A file is stored for one workspace, so a message with files cannot count for another one.
  function fixPayer(workspace) {
    if (!payer || payer.disabled) return;
    if ([...payer.options].some((option) => option.value === workspace)) payer.value = workspace;
    payer.disabled = true;
  }

  async function watch(chip) {
    const entry = files.get(chip);
    if (!entry) return;
    const response = await fetch(`/c/attachments/${entry.id}`).catch(() => null);
    if (response?.status === 404) return fail(chip, words.attachFailed);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (answer) take(chip, answer);
    else setTimeout(() => watch(chip), WATCH_MS * 3);
  }

  async function restore(id) {
    const response = await fetch(`/c/attachments/${id}`).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (!answer) return;
    const chip = newChip(answer.name);
    files.set(chip, { id, state: "waiting" });
    take(chip, answer);
  }

  function fail(chip, message) {
    const entry = files.get(chip);
    if (!entry) return;
    entry.state = "failed";
    chip.classList.remove("attachment--reading");
    chip.classList.add("attachment--failed");
    chip.querySelector("[data-state]").textContent = message;
    isWaiting = false;
    say(said);
  }

  function settle() {
    if (!isWaiting || [...files.values()].some((file) => file.state === "waiting")) return;
    isWaiting = false;
    say(said);
    composer.requestSubmit();
  }

  function newChip(name) {
    const chip = Object.assign(document.createElement("li"), { className: "attachment attachment--reading" });
    chip.append(Object.assign(document.createElement("span"), { className: "attachment__name", textContent: name }));
    const state = Object.assign(document.createElement("span"), { className: "attachment__note", textContent: words.attachReading });
    state.dataset.state = "";
    state.setAttribute("role", "status");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "attachment__remove", textContent: "×" });
    button.setAttribute("aria-label", `${words.attachRemove}: ${name}`);
    button.addEventListener("click", () => {
      const entry = files.get(chip);
      files.delete(chip);
      chip.remove();
      if (entry?.id) drop(entry.id);
      if (payer && files.size === 0) payer.disabled = false;
      remember();
      settle();
      composer.elements.text.focus();
    });
    chip.append(state, button);
    list.append(chip);
    return chip;
  }

  function drop(id) {
    fetch(`/c/attachments/${id}/remove`, { method: "POST", headers: headers() }).catch(() => {});
  }

  function remember() {
    const ids = [...files.values()].map((file) => file.id).filter(Boolean);
    if (ids.length) sessionStorage.setItem(draft, JSON.stringify(ids));
    else sessionStorage.removeItem(draft);
  }

  function say(text) {
    note.textContent = text;
  }

  function headers() {
    return { Accept: "application/json", "X-CSRFToken": composer.elements.csrfmiddlewaretoken.value };
  }
}

// A file on the message it was sent with, as the server renders it after a reload.
function sentChip(chip, file) {
  const item = document.createElement("li");
  const link = item.appendChild(Object.assign(document.createElement("a"), { href: file.url }));
  if (file.isImage) {
    Object.assign(link, { className: "chip-image", target: "_blank", rel: "noopener" });
    link.append(Object.assign(document.createElement("img"), { src: file.url, alt: file.name }));
  } else {
    Object.assign(link, { className: "attachment", download: file.name });
    link.append(Object.assign(document.createElement("span"), { className: "attachment__name", textContent: file.name }));
    for (const text of file.remarks) item.append(Object.assign(document.createElement("p"), { className: "chips__note", textContent: text }));
  }
  return item;
}
