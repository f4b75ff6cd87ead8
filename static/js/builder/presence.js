// [data-presence]: reports this window to the server and shows who else is here; the event "loggia:draft" carries the
// draft's revision.
import { each } from "../ready.js";

const BEAT = 12_000;

each("[data-presence]", (place) => {
  const window_ = crypto.randomUUID ? crypto.randomUUID() : `window-${Date.now()}-${Math.round(Math.random() * 1e9)}`;
  const token = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? "";
  const form = (fields) => {
    const body = new FormData();
    for (const [name, value] of Object.entries({ window: window_, csrfmiddlewaretoken: token(), ...fields })) body.set(name, value);
    return body;
  };

  async function beat() {
    if (document.visibilityState === "hidden" && place.dataset.beaten) return;
    const response = await fetch(place.dataset.presence, { method: "POST", body: form({}) }).catch(() => null);
    if (!response?.ok || response.redirected) return;
    const isFirst = place.dataset.beaten === undefined;
    place.dataset.beaten = "";
    const data = await response.json().catch(() => null);
    if (!data) return;
    // The previous page of this tab may not have signed off yet.
    show((data.people ?? []).filter((person) => !(isFirst && person.is_you)));
    document.dispatchEvent(new CustomEvent("loggia:draft", { detail: { revision: data.revision } }));
  }

  function show(people) {
    const names = people.map((person) => person.label).join(", ");
    if (place.dataset.names === names) return;
    place.dataset.names = names;
    const list = place.querySelector("[data-presence-list]");
    list.replaceChildren();
    for (const person of people) {
      const item = document.createElement("li");
      item.title = person.label;
      // Markup of our own server.
      item.innerHTML = person.html;
      item.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: person.label }));
      list.append(item);
    }
    place.hidden = people.length === 0;
  }

  addEventListener("pagehide", () => navigator.sendBeacon(place.dataset.presence, form({ leave: "1" })));
  addEventListener("pageshow", (event) => event.persisted && beat());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && beat());
  setInterval(beat, BEAT);
  beat();
});
