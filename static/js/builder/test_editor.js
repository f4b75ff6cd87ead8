// The editor of a golden prompt: a check shows the fields of its kind; rows are added and removed.
import { each } from "../ready.js";

function showParts(row) {
  const kind = row.querySelector("[data-check-kind]").value;
  for (const part of row.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind);
}

function prepare(row) {
  row.querySelector("[data-check-remove-plain]").hidden = true;
  showParts(row);
}

each("[data-golden-editor]", (form) => {
  const list = form.querySelector("[data-checks]");
  const template = form.querySelector("[data-check-template]");
  let next = Date.now();
  for (const row of list.querySelectorAll("[data-check]")) prepare(row);
  form.addEventListener("change", ({ target }) => {
    if (target.matches("[data-check-kind]")) showParts(target.closest("[data-check]"));
  });
  form.addEventListener("click", ({ target }) => {
    if (target.closest("[data-check-remove]")) {
      target.closest("[data-check]").remove();
      form.querySelector("[data-check-add]").focus();
    } else if (target.closest("[data-check-add]")) {
      const holder = document.createElement("template");
      next += 1;
      holder.innerHTML = template.innerHTML.replaceAll("__mark__", String(next));
      const row = holder.content.firstElementChild;
      list.append(row);
      prepare(row);
      row.querySelector("select").focus();
    }
  });
});
