// [data-debug-panel]: details of each answer of the preview, from the event "chat:debug". Remembers whether it is open.
// [data-preview-reset] saves the draft before the preview is started over.
import { each } from "../ready.js";

const KEY = "loggia:builder-debug";

// Not [data-debug]: django-htmx sets that on its own script while DEBUG is on.
each("[data-debug-panel]", (panel) => {
  const toggle = panel.closest("[data-preview]").querySelector("[data-debug-toggle]");
  const words = (name) => panel.dataset[`words${name[0].toUpperCase()}${name.slice(1)}`] ?? name;
  const open = (state) => {
    panel.hidden = !state;
    toggle.setAttribute("aria-pressed", String(state));
  };
  open(recall() === "open");
  toggle.addEventListener("click", () => {
    open(panel.hidden);
    remember(panel.hidden ? "" : "open");
    if (!panel.hidden) panel.focus();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open(false);
    remember("");
    toggle.focus();
  });
  document.addEventListener("chat:debug", ({ detail }) => show(detail));

  function show(data) {
    const { tokens = {}, timing_ms: timing = {} } = data;
    const figures = part("dl", "debug__figures");
    figure(figures, words("model"), data.model);
    figure(figures, words("in"), number(tokens.input));
    figure(figures, words("out"), number(tokens.output));
    figure(figures, words("cost"), data.cost_micros === undefined ? null : `${(data.cost_micros / 1e6).toFixed(6)} ${panel.dataset.currency}`);
    figure(figures, words("retrieval"), time(timing.retrieval));
    figure(figures, words("first"), time(timing.first_token));
    figure(figures, words("total"), time(timing.total));
    const passages = part("ol", "debug__passages");
    for (const passage of data.passages ?? []) passages.append(found(passage));
    const prompt = (data.prompt ?? []).map((message) => {
      const box = part("details");
      box.append(part("summary", "", `${words(message.role)} · ${number(message.tokens)} ${words("tokens")}`), part("pre", "", message.content));
      return box;
    });
    panel.replaceChildren(
      figures,
      part("h3", "", words("passages")),
      passages.children.length ? passages : part("p", "soft", words("none")),
      part("h3", "", words("prompt")),
      ...prompt,
    );
    panel.scrollTop = 0;
  }

  function found(passage) {
    const item = part("li");
    item.value = passage.number;
    const place = [passage.file, passage.heading, passage.page ? `${words("page")} ${passage.page}` : ""].filter(Boolean).join(" · ");
    if (passage.url) item.append(Object.assign(part("a", "", place), { href: passage.url }));
    else item.append(place);
    item.append(part("span", "debug__score", ` ${Number(passage.score ?? 0).toFixed(3)}`));
    return item;
  }
});

each("[data-preview-reset]", (form) =>
  form.addEventListener("submit", async (event) => {
    const draft = document.getElementById("draft");
    if (!draft?.flushDraft) return;
    event.preventDefault();
    await draft.flushDraft();
    form.submit();
  }),
);

function figure(list, label, value) {
  if (value === null || value === undefined || value === "") return;
  const row = document.createElement("div");
  row.append(part("dt", "", label), part("dd", "", String(value)));
  list.append(row);
}

const number = (value) => (value === undefined || value === null ? "" : Number(value).toLocaleString(document.documentElement.lang));
const time = (value) => (value === undefined || value === null ? null : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`);

function part(tag, className = "", text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function recall() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // Storage may be blocked; it then lasts as long as the page.
  }
}
