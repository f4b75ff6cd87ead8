// The text between the caret and the "@" that begins a word before it; null when no GPT is being mentioned.
export function mentionQuery(text, caret) {
  const found = /(?:^|\s)@([^@\n]{0,50})$/u.exec(text.slice(0, caret));
  return found ? found[1] : null;
}
