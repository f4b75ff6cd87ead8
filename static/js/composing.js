// Keys that belong to an input method reach no handler: Enter confirms a Chinese or Japanese word there, Escape drops
// it. Safari ends the composition before it sends that key, which then has the code 229 and no isComposing.
export const isComposingKey = (event) => event.isComposing || event.keyCode === 229;

globalThis.window?.addEventListener("keydown", (event) => isComposingKey(event) && event.stopImmediatePropagation(), true);
