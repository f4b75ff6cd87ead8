// Adds an empty row when the last one is filled, up to the limit.
export function starters(list) {
  const limit = Number(list.dataset.starterLimit);
  list.addEventListener("input", () => {
    const rows = [...list.querySelectorAll(".build-starter")];
    const last = rows.at(-1);
    if (!last || rows.length >= limit || !last.querySelector("input").value.trim()) return;
    const row = last.cloneNode(true);
    const input = row.querySelector("input");
    const label = row.querySelector("label");
    input.value = "";
    input.id = `starter-${rows.length + 1}`;
    label.htmlFor = input.id;
    label.textContent = label.textContent.replace(/\d+/, String(rows.length + 1));
    last.after(row);
  });
}
