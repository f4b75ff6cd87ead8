// [data-field-when="id=value|value"]: a field that is shown while the control with this id has one of the values. Without
// JavaScript it is always shown; the server ignores what it does not need.
import { each } from "./ready.js";

each("[data-field-when]", (field) => {
  const [id, values] = field.dataset.fieldWhen.split("=");
  const control = document.getElementById(id);
  const show = () => (field.hidden = !values.split("|").includes(control.value));
  control.addEventListener("change", show);
  show();
});
