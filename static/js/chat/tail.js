// Splits the text of an answer that is still being written.

// [text before, code so far] of a fenced block that is not closed yet; code is null when none is open.
export function splitAtOpenFence(text) {
  let open = null;
  for (const match of text.matchAll(/^ {0,3}(`{3,}|~{3,})[^\n]*(\n|$)/gm)) {
    if (!open) open = match;
    else if (match[1][0] === open[1][0] && match[1].length >= open[1].length) open = null;
  }
  return open ? [text.slice(0, open.index), text.slice(open.index + open[0].length)] : [text, null];
}

// The text after the first `count` characters. The server counts characters (code points), JavaScript counts UTF-16 units.
export function textAfter(text, count) {
  let at = 0;
  for (let n = 0; n < count && at < text.length; n += 1) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return text.slice(at);
}
