// Form and preview: a divider for pointer and keyboard, kept per browser. On a narrow screen one of them is shown:
// [data-builder-toggle] in the bar switches, [data-builder-try] leads to the preview; without scripts both are links.
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

  const toggle = document.querySelector("[data-builder-toggle]");
  const show = (name) => {
    root.dataset.showing = name;
    toggle?.setAttribute("aria-pressed", String(name === "preview"));
  };
  toggle?.setAttribute("role", "button");
  toggle?.addEventListener("click", (event) => {
    event.preventDefault();
    show(root.dataset.showing === "preview" ? "form" : "preview");
    scrollTo({ top: 0 });
  });
  toggle?.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    toggle.click();
  });
  root.addEventListener("click", (event) => {
    const field = event.target.closest("[data-builder-try]") && root.querySelector("[data-composer] textarea");
    if (!field) return;
    event.preventDefault();
    show("preview");
    field.focus();
  });
  show("form");
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
