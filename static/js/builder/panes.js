// Form and preview: a divider for pointer and keyboard, kept per browser; two tabs on a narrow screen.
const KEY = "loggia:builder-width";

export function panes(root) {
  const divider = root.querySelector("[data-builder-divider]");
  const least = Number(divider.getAttribute("aria-valuemin"));
  const most = Number(divider.getAttribute("aria-valuemax"));
  const set = (percent) => {
    const width = Math.round(Math.min(most, Math.max(least, percent)));
    root.style.setProperty("--builder-form", `${width}%`);
    divider.setAttribute("aria-valuenow", String(width));
    try {
      localStorage.setItem(KEY, String(width));
    } catch {
      // Storage may be blocked; the width then lasts as long as the page.
    }
  };
  const kept = Number(read());
  if (kept) set(kept);

  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = root.getBoundingClientRect();
    set(((event.clientX - box.left) / box.width) * 100);
  });
  divider.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    set(Number(divider.getAttribute("aria-valuenow")) + step);
  });

  const buttons = [...root.querySelectorAll("[data-builder-show]")];
  const show = (name) => {
    root.dataset.showing = name;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.builderShow === name));
  };
  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.builderShow));
  show("form");
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
