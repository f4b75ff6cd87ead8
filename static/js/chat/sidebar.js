// The list of conversations. On a wide window it stays open or closed as it was left; on a narrow one it covers the chat
// and closes on Escape or a click outside.
const KEY = "chat-list-closed";
const TOGGLED = "app--sidebar-toggled";

export function attachSidebar(app) {
  const narrow = matchMedia("(max-width: 960px)");
  // Looked up each time: the head is replaced when a conversation gets its title.
  const button = () => app.querySelector('[data-toggle="app-sidebar"]');
  const tell = () => button()?.setAttribute("aria-expanded", String(app.classList.contains(TOGGLED) === narrow.matches));
  const settle = () => {
    app.classList.toggle(TOGGLED, !narrow.matches && read());
    tell();
  };
  settle();
  narrow.addEventListener("change", settle);
  document.addEventListener("click", (event) => {
    // After the toggle has handled the click.
    if (event.target.closest('[data-toggle="app-sidebar"]')) setTimeout(() => narrow.matches || write(app.classList.contains(TOGGLED)));
  });
  const close = () => {
    if (!narrow.matches || !app.classList.contains(TOGGLED)) return false;
    app.classList.remove(TOGGLED);
    tell();
    return true;
  };
  app.querySelector(".app__main").addEventListener(
    "click",
    (event) => {
      if (close()) event.stopPropagation();
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]") && close()) button()?.focus();
  });
}

function read() {
  try {
    return localStorage.getItem(KEY) === "1";
  } catch {
    return false;
  }
}

function write(isClosed) {
  try {
    if (isClosed) localStorage.setItem(KEY, "1");
    else localStorage.removeItem(KEY);
  } catch {
    // Storage may be blocked; then the list is open on every page.
  }
}
