// details[data-menu]: closes on Escape, on a click outside and when focus leaves; arrows, Home and End move between items.
const open = () => document.querySelectorAll("details[data-menu][open]");
const items = (menu) => [...menu.querySelectorAll(".menu__list a, .menu__list button, .menu__list input")].filter((item) => !item.disabled);

function close(menu, { focus = false } = {}) {
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) close(menu);
});

document.addEventListener("focusin", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) close(menu);
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu]");
  if (event.key === "Escape") {
    for (const each of open()) close(each, { focus: each.contains(event.target) });
    return;
  }
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  if (event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  menu.open = true;
  const list = items(menu);
  const here = list.indexOf(document.activeElement);
  const next = { ArrowDown: here + 1, ArrowUp: here < 0 ? list.length - 1 : here - 1, Home: 0, End: list.length - 1 }[event.key];
  list[(next + list.length) % list.length]?.focus();
});
