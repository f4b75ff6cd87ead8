// .next-steps: the list of what is left to do, read anew after the draft was saved; it goes when nothing is left.
const PAUSE = 1500;
let timer = 0;

export function refreshSteps() {
  clearTimeout(timer);
  if (document.querySelector(".next-steps")) timer = setTimeout(read, PAUSE);
}

async function read() {
  const response = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".next-steps");
  const old = document.querySelector(".next-steps");
  if (!fresh) return old.remove();
  // The summary and the list only: whether it is open stays the person's.
  for (const part of ["summary", ".next-steps__list"]) old.querySelector(part).replaceWith(document.adoptNode(fresh.querySelector(part)));
}
