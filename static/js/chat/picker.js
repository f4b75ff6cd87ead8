// [data-picker]: arrow keys move between the search and the items below it; Enter in the search opens the first item.
document.addEventListener("keydown", (event) => {
  const picker = event.target.closest?.("[data-picker]");
  if (!picker || event.isComposing || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
  const search = picker.querySelector("input[type=search]");
  const items = [...picker.querySelectorAll("[data-picker-item]")];
  if (event.key === "Enter") {
    // Not while the list still belongs to what was in the search before.
    const isCurrent = picker.querySelector("[data-picker-for]")?.dataset.pickerFor === search.value.trim();
    if (event.target !== search || !items.length || !isCurrent) return;
    event.preventDefault();
    items[0].click();
    return;
  }
  event.preventDefault();
  const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  (at < 0 ? search : items[Math.min(at, items.length - 1)])?.focus();
});
