// For a field that was changed elsewhere: shows the other value below it and asks which one to keep.
export function holderOf(form, name) {
  const control = form.elements[name];
  const first = control instanceof Element ? control : control?.[0];
  return form.querySelector(`[data-field="${CSS.escape(name)}"]`) ?? first?.closest(".field, .fieldset") ?? null;
}

export function clearConflicts(form) {
  form.querySelectorAll(".build-conflict").forEach((box) => box.remove());
}

export function askWhich(form, name, fresh, { keep, take }) {
  const holder = holderOf(form, name);
  if (!holder) return keep();
  holder.querySelector(".build-conflict")?.remove();
  const box = document.createElement("div");
  box.className = "build-conflict";
  box.setAttribute("role", "alert");
  box.append(part("p", "build-conflict__title", form.dataset.conflictTitle), part("div", "build-conflict__value", shown(form, name, fresh)));
  const row = part("div", "row", "");
  row.append(
    button(form.dataset.keep, "button--primary", () => {
      box.remove();
      keep();
    }),
    button(form.dataset.take, "", () => {
      box.remove();
      take(write(form, name, fresh));
    }),
  );
  box.append(row);
  holder.append(box);
}

function shown(form, name, fresh) {
  const select = form.elements[name];
  if (select instanceof HTMLSelectElement) return select.querySelector(`option[value="${CSS.escape(String(fresh ?? ""))}"]`)?.text ?? String(fresh ?? "");
  return Array.isArray(fresh) ? fresh.join("\n") : String(fresh ?? "");
}

export function write(form, name, fresh) {
  const values = Array.isArray(fresh) ? fresh.map(String) : [String(fresh ?? "")];
  const all = () => (form.elements[name] instanceof Element ? [form.elements[name]] : [...(form.elements[name] ?? [])]);
  // The list of starters grows by a row when its last one is filled.
  for (let row = 0; row < values.length && name === "starters"; row += 1) {
    const control = all()[row];
    if (!control) break;
    control.value = values[row];
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const controls = all();
  controls.forEach((control, index) => {
    if (control.type === "checkbox") control.checked = values.includes(control.value);
    else control.value = values[index] ?? "";
    control.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return values;
}

function part(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function button(text, kind, act) {
  const element = part("button", `button button--small ${kind}`, text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}
