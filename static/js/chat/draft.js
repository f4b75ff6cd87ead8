// What is typed is kept for each conversation until it is sent, also over a crash; the oldest drafts make room.
// Drafts are a person's own: whoever signs in next in this browser finds none of them. Those of temporary chats
// end with their tab.
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
  // What is typed goes along when the chat is made temporary or lasting, and stays in neither store's other half.
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
    // A new conversation has an address of its own from its first answer on.
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
      // Nothing is kept where nothing may be read.
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
    // Private windows and full disks keep no drafts; the page works without.
  }
  return undefined;
}
