// form[data-autosave]: sends what changed, with the revision it was based on; one request at a time. What is typed is never lost:
// a refused field is marked and stays, a field that was changed elsewhere asks which value to keep, a lost connection is retried.
import { askWhich, clearConflicts, holderOf } from "./conflicts.js";

const PAUSE = 800;
const RETRY = 4000;

export function autosave(form, state) {
  const inputs = () => [...form.elements].filter((input) => input.name && !input.disabled && !["revision", "csrfmiddlewaretoken"].includes(input.name));
  if (!inputs().length) return;
  let saved = read();
  let timer = 0;
  let busy = false;
  let refused = {};

  form.addEventListener("input", (event) => {
    if (event.target.closest(".build-conflict")) return;
    tell("unsaved");
    schedule(PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    schedule(0);
  });
  addEventListener("online", () => schedule(0));
  addEventListener("pagehide", () => timer && send({ keepalive: true }));

  function read() {
    const data = {};
    for (const input of inputs()) {
      data[input.name] ??= [];
      if (input.type !== "checkbox" || input.checked) data[input.name].push(input.value);
    }
    if (data.starters) data.starters = data.starters.map((value) => value.trim()).filter(Boolean);
    return data;
  }

  const changed = (now) => Object.keys(now).filter((name) => JSON.stringify(now[name]) !== JSON.stringify(saved[name]));

  function schedule(pause) {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  }

  async function send(options = {}) {
    clearTimeout(timer);
    timer = 0;
    if (busy) return schedule(PAUSE);
    const now = read();
    // What was refused is not sent again before it is mended.
    const names = changed(now).filter((name) => JSON.stringify(now[name]) !== refused[name] && !holderOf(form, name)?.querySelector(".build-conflict"));
    if (!names.length) return Object.keys(refused).length || form.querySelector(".build-conflict") ? undefined : done(now);
    busy = true;
    tell("saving");
    const body = new FormData();
    body.set("revision", form.elements.revision.value);
    body.set("fields", names.join(","));
    for (const name of names) for (const value of now[name]) body.append(name, value);
    let response;
    try {
      response = await fetch(form.getAttribute("action") || location.pathname, {
        method: "POST",
        body,
        headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
        keepalive: options.keepalive === true,
      });
      await answer(response, now, names);
    } catch {
      tell("failed");
      schedule(RETRY);
    } finally {
      busy = false;
    }
  }

  async function answer(response, now, names) {
    if (response.redirected || response.status >= 500) throw new Error("not saved");
    const body = await response.json();
    if (response.ok) {
      form.elements.revision.value = body.revision;
      for (const name of names) {
        saved[name] = now[name];
        mark(name, "");
        delete refused[name];
      }
      if (changed(read()).length) schedule(PAUSE);
      return Object.keys(refused).length ? tell("refused") : done(read());
    }
    if (response.status === 409 && body.fresh) return conflict(body, names);
    for (const name of names) mark(name, "");
    for (const [name, message] of Object.entries(body.errors ?? {})) {
      const at = names.includes(name) ? name : names[0];
      refused[at] = JSON.stringify(now[at]);
      mark(at, message);
    }
    tell("refused");
    // The fields that are fine are not held up by the one that is not.
    if (names.some((name) => !(name in refused))) schedule(0);
  }

  function conflict(body, names) {
    form.elements.revision.value = body.revision;
    tell("conflicted");
    // Only what somebody else changed since our last save is in dispute; the rest is sent again on top of it.
    const theirs = names.filter((name) => name in body.fresh && JSON.stringify(values(body.fresh[name])) !== JSON.stringify(saved[name]));
    for (const name of theirs) {
      askWhich(form, name, body.fresh[name], {
        keep: () => schedule(0),
        take: (value) => {
          saved[name] = value;
          schedule(0);
        },
      });
    }
    schedule(PAUSE);
  }

  const values = (fresh) => (Array.isArray(fresh) ? fresh.map(String) : [String(fresh ?? "")]);

  function done(now) {
    if (JSON.stringify(now) !== JSON.stringify(saved)) saved = { ...saved, ...now };
    clearConflicts(form);
    tell("saved");
    form.dispatchEvent(new CustomEvent("loggia:saved"));
  }

  function mark(name, message) {
    const holder = holderOf(form, name);
    if (!holder) return;
    holder.querySelectorAll(".field__error").forEach((old) => old.remove());
    holder.classList.toggle("field--bad", message !== "");
    const control = form.elements[name];
    if (control instanceof Element) control.setAttribute("aria-invalid", String(message !== ""));
    if (!message) return;
    const text = document.createElement("p");
    text.className = "field__error";
    text.setAttribute("role", "alert");
    text.textContent = message;
    holder.append(text);
  }

  function tell(kind) {
    if (!state) return;
    state.textContent = form.dataset[kind] ?? "";
    state.dataset.kind = ["failed", "refused", "conflicted"].includes(kind) ? "bad" : kind;
  }
}
