// [data-address]: says while an address is typed whether it is free; sharing takes it along.
import { each } from "../ready.js";

const PAUSE = 300;

each("[data-address]", (form) => {
  const field = form.elements.address;
  const said = form.querySelector("[data-address-said]");
  let timer = 0;
  let asked = 0;

  field.addEventListener("input", () => {
    for (const copy of document.querySelectorAll("[data-address-copy]")) copy.value = field.value;
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  });

  async function check() {
    const now = ++asked;
    const answer = await fetch(`${form.action}?${new URLSearchParams({ address: field.value })}`, { headers: { Accept: "application/json" } }).catch(() => null);
    // A slow answer about an earlier text says nothing about this one.
    if (now !== asked || !answer?.ok) return;
    const { problem } = await answer.json();
    said.textContent = problem || form.dataset.free;
    said.dataset.kind = problem ? "bad" : "good";
    field.toggleAttribute("aria-invalid", Boolean(problem));
    form.querySelector(".field__error")?.remove();
  }
});
