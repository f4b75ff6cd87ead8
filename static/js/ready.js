// Runs `attach` for every element that matches now and for those that htmx swaps in later, once each.
export function each(selector, attach) {
  const done = new WeakSet();
  const scan = (root) => {
    const found = [...root.querySelectorAll(selector)];
    if (root instanceof Element && root.matches(selector)) found.push(root);
    for (const element of found) {
      if (done.has(element)) continue;
      done.add(element);
      attach(element);
    }
  };
  scan(document);
  document.addEventListener("htmx:load", (event) => scan(event.target));
}
