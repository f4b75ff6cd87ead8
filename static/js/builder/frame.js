// Refreshes the parts of the builder's frame that depend on the saved draft: badges, primary button, next steps. Focus and
// open menus stay.
import { each } from "../ready.js";

const PAUSE = 1500;
const PARTS = [".build-bar__badges", ".build-bar__primary", ".preview-chat__what", ".next-steps summary", ".next-steps__list"];
const ASKED = "loggia:frame-refresh";

export function requestFrameRefresh() {
  document.dispatchEvent(new CustomEvent(ASKED));
}

// Debounced: several requests in a row cause one reload.
each(".build-bar", () => {
  let timer = 0;
  document.addEventListener(ASKED, () => {
    clearTimeout(timer);
    timer = setTimeout(read, PAUSE);
  });
});

async function read() {
  const response = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of PARTS) {
    const [old, other] = [document.querySelector(part), fresh.querySelector(part)];
    if (old && other && old.outerHTML !== other.outerHTML) old.replaceWith(document.adoptNode(other));
  }
  if (!fresh.querySelector(".next-steps")) document.querySelector(".next-steps")?.remove();
}
