// Keeps unsent text per conversation, also after a crash; the oldest drafts are removed first. Drafts belong to one
// person: the next person who signs in with this browser sees none of them. Drafts of temporary chats end with the tab.
const PREFIX = "chat-draft:";
const KEPT = 40;

export function keepDraft(field, { person = "", isTemporary = false } = {}) {
  const mine = `${PREFIX}${person}:`;
  const store = isTemporary ? sessionStorage : localStorage;
  let key = mine + location.pathname;
  forgetOthers(mine);
  if (!field.value) field.value = read(store, key);
  let timer = 0;
  const save = () => write(store, mine, key, field.value);
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, 200);
  });
  addEventListener("pagehide", save);
  // Moves the text to the other store when the chat is switched between temporary and lasting.
  document.querySelector("a.chat-temporary")?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    write(isTemporary ? localStorage : sessionStorage, mine, key, field.value);
    field.value = "";
  });
  return {
    clear() {
      clearTimeout(timer);
      write(store, mine, key, "");
    },
    // A new conversation gets its own URL with its first answer.
    move() {
      write(store, mine, key, "");
      key = mine + location.pathname;
      save();
    },
  };
}

function forgetOthers(mine) {
  for (const store of [localStorage, sessionStorage]) {
    try {
      for (const key of Object.keys(store)) if (key.startsWith(PREFIX) && !key.startsWith(mine)) store.removeItem(key);
    } catch {
      // Storage may be blocked; then there are no drafts either.
    }
  }
}

function read(store, key) {
  try {
    return JSON.parse(store.getItem(key) ?? "{}").text ?? "";
  } catch {
    return "";
  }
}

function write(store, mine, key, text) {
  try {
    if (!text.trim()) return store.removeItem(key);
    store.setItem(key, JSON.stringify({ text, at: Date.now() }));
    const keys = Object.keys(store).filter((name) => name.startsWith(mine));
    if (keys.length <= KEPT) return undefined;
    const age = (name) => JSON.parse(store.getItem(name) ?? "{}").at ?? 0;
    keys.sort((one, other) => age(one) - age(other));
    for (const name of keys.slice(0, keys.length - KEPT)) store.removeItem(name);
  } catch {
    // Storage may be blocked or full; the page works without drafts.
  }
  return undefined;
}
