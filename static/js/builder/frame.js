// What the server says of the draft beside the form, read anew after it was saved: what is live and whether the draft is
// ahead, the primary button, what is left to do. Where the person stands and what is open stays.
import { each } from "../ready.js";

const PAUSE = 1500;
const PARTS = [".build-bar__badges", ".build-bar__action > .button", ".preview-chat__what", ".next-steps summary", ".next-steps__list"];
const ASKED = "loggia:frame-refresh";

export function requestFrameRefresh() {
  document.dispatchEvent(new CustomEvent(ASKED));
}

// Several requests in a row are one.
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
