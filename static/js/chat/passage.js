// #passage: a[data-passage] opens the cited passage in it, beside the conversation; without it the link is a page.
// Escape and the button close it and give the focus back.
import { each } from "../ready.js";

each("#passage", attachPassage);

function attachPassage(place) {
  let opener = null;

  document.addEventListener("click", (event) => {
    const chip = event.target.closest("a[data-passage]");
    if (chip && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(chip);
    } else if (event.target.closest("[data-passage-close]")) {
      close();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opener && !document.querySelector("dialog[open]")) close();
  });

  async function open(chip) {
    const response = await fetch(chip.href, { headers: { "X-Fragment": "passage" } }).catch(() => null);
    // A 404 has a body that says that the passage no longer exists; it is shown like a passage.
    if (!response?.ok && response?.status !== 404) {
      location.href = chip.href;
      return;
    }
    mark(opener, false);
    opener = chip;
    // Markup of our own server, which has escaped the passage.
    place.innerHTML = await response.text();
    place.hidden = false;
    mark(chip, true);
    place.focus();
  }

  function close() {
    place.hidden = true;
    place.replaceChildren();
    mark(opener, false);
    const chip = opener;
    opener = null;
    chip?.focus();
  }
}

function mark(chip, isOpen) {
  if (chip) chip.setAttribute("aria-expanded", String(isOpen));
}
