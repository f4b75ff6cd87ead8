// form[data-autosave]: sends changed fields with the revision they are based on, one request at a time. Input is never
// lost: an invalid field is marked and kept, a field that was changed elsewhere asks which value to keep, failed requests
// are retried, and unsaved fields are restored when the page is opened again in the same tab.
import { askWhich, clearConflicts, holderOf, write } from "./conflicts.js";
import { keeper } from "./kept.js";

const PAUSE = 800;
const RETRY = 4000;

export function autosave(form, state) {
  const inputs = () => [...form.elements].filter((input) => input.name && !input.disabled && !["revision", "csrfmiddlewaretoken"].includes(input.name));
  if (!inputs().length) return;
  let saved = read();
  let timer = 0;
  let busy = false;
  let refused = {};
  const kept = keeper(`draft:${form.dataset.person}:${location.pathname}`);

  form.addEventListener("input", (event) => {
    if (event.target.closest(".build-conflict")) return;
    tell("unsaved");
    schedule(PAUSE);
    keepTyped();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    schedule(0);
  });
  addEventListener("online", () => schedule(0));
  addEventListener("pagehide", () => timer && send({ keepalive: true }));
  putBack();

  function read() {
    const data = {};
    for (const input of inputs()) {
      data[input.name] ??= [];
      if (input.type !== "checkbox" || input.checked) data[input.name].push(input.value);
    }
    if (data.starters) data.starters = data.starters.map((value) => value.trim()).filter(Boolean);
    return data;
  }

  function keepTyped() {
    const now = read();
    kept.keep(Object.fromEntries(changed(now).map((name) => [name, { mine: now[name], base: saved[name] }])));
  }

  // Restores unsaved fields of this tab; fields that were saved elsewhere meanwhile ask which value to keep.
  function putBack() {
    const typed = Object.entries(kept.recall()).filter(([name, { mine }]) => name in saved && Array.isArray(mine) && !same(mine, saved[name]));
    for (const [name, { mine, base }] of typed) {
      const stands = saved[name];
      write(form, name, mine);
      if (!same(base, stands)) dispute(name, stands);
    }
    if (typed.length) tell("restored");
  }

  function changed(now) {
    return Object.keys(now).filter((name) => JSON.stringify(now[name]) !== JSON.stringify(saved[name]));
  }

  function schedule(pause) {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  }

  async function send(options = {}) {
    clearTimeout(timer);
    timer = 0;
    if (busy) return schedule(PAUSE);
    const now = read();
    // Invalid values are not sent again until they change.
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
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    if (response.status >= 500) throw new Error("not saved");
    if (response.redirected || !isJson) return tell("left");
    const body = await response.json();
    if (response.ok) {
      form.elements.revision.value = body.revision;
      for (const name of names) {
        saved[name] = now[name];
        mark(name, "");
        delete refused[name];
      }
      if (form.querySelector(".build-conflict")) return tell("conflicted");
      if (changed(read()).some((name) => !(name in refused))) return schedule(PAUSE);
      return Object.keys(refused).length ? tell("refused") : done(read());
    }
    if (response.status === 409 && body.fresh) return catchUp();
    for (const name of names) mark(name, "");
    for (const [name, message] of Object.entries(body.errors ?? {})) {
      const at = names.includes(name) ? name : names[0];
      refused[at] = JSON.stringify(now[at]);
      mark(at, message);
    }
    tell("refused");
    // Valid fields are saved without the invalid ones.
    if (names.some((name) => !(name in refused))) schedule(0);
  }

  // Merges the saved draft: untouched fields take the new value, fields changed on both sides ask which one to keep.
  async function catchUp() {
    const answer = await fetch(form.dataset.draft, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) throw new Error("not read");
    const draft = await answer.json();
    const now = read();
    form.elements.revision.value = draft.revision;
    for (const [name, fresh] of Object.entries(draft.fields)) {
      if (!(name in now) || same(fresh, saved[name])) continue;
      if (same(fresh, now[name])) saved[name] = now[name];
      else if (same(now[name], saved[name])) follow(name, fresh);
      else dispute(name, fresh);
    }
    if (form.querySelector(".build-conflict")) tell("conflicted");
    schedule(0);
  }

  function follow(name, fresh) {
    write(form, name, fresh);
    saved[name] = read()[name];
    const holder = holderOf(form, name);
    holder?.classList.add("field--followed");
    setTimeout(() => holder?.classList.remove("field--followed"), 4000);
  }

  function dispute(name, fresh) {
    const shown = form.elements[name]?.type === "checkbox" || form.elements[name]?.[0]?.type === "checkbox" ? fresh : fresh.length === 1 ? fresh[0] : fresh;
    askWhich(form, name, shown, {
      keep: () => {
        saved[name] = fresh;
        schedule(0);
      },
      take: () => {
        saved[name] = read()[name];
        delete refused[name];
        mark(name, "");
        schedule(0);
      },
    });
  }

  function same(one, other) {
    return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
  }

  // JSON is compared by value: the server formats it differently.
  function plain(values) {
    return (values ?? []).map((value) => {
      if (!value.trim().startsWith("{")) return value;
      try {
        return JSON.stringify(JSON.parse(value));
      } catch {
        return value;
      }
    });
  }

  // For components that need the saved draft: resolves to true once everything is saved, false if it cannot be.
  async function flush() {
    for (let sends = 0; sends < 4 && pending().length; sends += 1) {
      for (let waits = 0; busy && waits < 100; waits += 1) await new Promise((go) => setTimeout(go, 50));
      await send();
    }
    return pending().length === 0;
  }

  const pending = () => {
    const now = read();
    return changed(now).filter((name) => JSON.stringify(now[name]) !== refused[name] && !holderOf(form, name)?.querySelector(".build-conflict"));
  };
  form.flushDraft = flush;

  document.addEventListener("loggia:draft", ({ detail }) => {
    if (busy || !detail.revision || Number(form.elements.revision.value) >= detail.revision) return;
    busy = true;
    catchUp()
      .catch(() => {})
      .finally(() => (busy = false));
  });

  function done(now) {
    if (JSON.stringify(now) !== JSON.stringify(saved)) saved = { ...saved, ...now };
    clearConflicts(form);
    kept.keep({});
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
    state.dataset.kind = ["failed", "left", "refused", "conflicted"].includes(kind) ? "bad" : kind;
  }
}
