// [data-menu-filter]: shows only the items of its menu whose text has what is typed.
import { each } from "./ready.js";

each("[data-menu-filter]", (field) => {
  const items = [...field.closest(".menu__list").querySelectorAll("[data-menu-filtered]")];
  field.addEventListener("input", () => {
    const text = field.value.trim().toLowerCase();
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(text);
  });
});
