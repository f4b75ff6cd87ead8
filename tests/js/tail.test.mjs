import assert from "node:assert/strict";
import { test } from "node:test";
import { splitAtOpenFence, textAfter } from "../../static/js/chat/tail.js";

test("text without a fence has no code", () => {
  assert.deepEqual(splitAtOpenFence("one\ntwo"), ["one\ntwo", null]);
});

test("behind an open fence stands the code so far", () => {
  assert.deepEqual(splitAtOpenFence("See:\n```py\nx = 1\n"), ["See:\n", "x = 1\n"]);
});

test("a closed fence is text like any other", () => {
  const text = "```\na\n```\nend";

  assert.deepEqual(splitAtOpenFence(text), [text, null]);
});

test("a fence is closed only by its own character, at least as long", () => {
  assert.deepEqual(splitAtOpenFence("````\n```\n~~~\n"), ["", "```\n~~~\n"]);
  assert.deepEqual(splitAtOpenFence("````\n`````\nend"), ["````\n`````\nend", null]);
});

test("a fence that has just begun has empty code", () => {
  assert.deepEqual(splitAtOpenFence("a\n```"), ["a\n", ""]);
});

test("characters are counted as the server counts them", () => {
  assert.equal(textAfter("a😀bc", 2), "bc");
  assert.equal(textAfter("日本語", 1), "本語");
  assert.equal(textAfter("abc", 0), "abc");
  assert.equal(textAfter("abc", 9), "");
});
