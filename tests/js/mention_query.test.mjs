import assert from "node:assert/strict";
import { test } from "node:test";
import { mentionQuery } from "../../static/js/chat/mention_query.js";

const atEnd = (text) => mentionQuery(text, text.length);

test("a word that begins with @ is a query", () => {
  assert.equal(atEnd("@"), "");
  assert.equal(atEnd("Ask @essay co"), "essay co");
  assert.equal(atEnd("行 @作文"), "作文");
});

test("an address, an ended line and plain text are none", () => {
  assert.equal(atEnd("ada@example"), null);
  assert.equal(atEnd("@essay\n"), null);
  assert.equal(atEnd("hello"), null);
});

test("only the text before the caret counts", () => {
  assert.equal(mentionQuery("@essay coach", 4), "ess");
  assert.equal(mentionQuery("hello @", 3), null);
});

test("a query ends after fifty characters", () => {
  assert.equal(atEnd(`@${"x".repeat(50)}`), "x".repeat(50));
  assert.equal(atEnd(`@${"x".repeat(51)}`), null);
});
