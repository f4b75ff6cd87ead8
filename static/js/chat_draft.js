// What is typed is kept for each conversation until it is sent, also over a crash; the oldest drafts make room.
const PREFIX = "chat-draft:";
const KEPT = 40;

export function keepDraft(field) {
  let key = PREFIX + location.pathname;
  if (!field.value) field.value = read(key);
  let timer = 0;
  const save = () => write(key, field.value);
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, 200);
  });
  addEventListener("pagehide", save);
  return {
    clear() {
      clearTimeout(timer);
      write(key, "");
    },
    // A new conversation has an address of its own from its first answer on.
    move() {
      write(key, "");
      key = PREFIX + location.pathname;
      save();
    },
  };
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}").text ?? "";
  } catch {
    return "";
  }
}

function write(key, text) {
  try {
    if (!text.trim()) return localStorage.removeItem(key);
    localStorage.setItem(key, JSON.stringify({ text, at: Date.now() }));
    const keys = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
    if (keys.length <= KEPT) return undefined;
    const age = (name) => JSON.parse(localStorage.getItem(name) ?? "{}").at ?? 0;
    keys.sort((one, other) => age(one) - age(other));
    for (const name of keys.slice(0, keys.length - KEPT)) localStorage.removeItem(name);
  } catch {
    // Private windows and full disks keep no drafts; the page works without.
  }
  return undefined;
}
