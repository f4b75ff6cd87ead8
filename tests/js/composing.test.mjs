import assert from "node:assert/strict";
import { test } from "node:test";
import { isComposingKey } from "../../static/js/composing.js";

for (const [name, event, expected] of [
  ["Enter alone", { key: "Enter", keyCode: 13, isComposing: false }, false],
  ["Enter that confirms a word on Chrome and Firefox", { key: "Enter", keyCode: 13, isComposing: true }, true],
  ["Enter that confirms a word on Safari", { key: "Enter", keyCode: 229, isComposing: false }, true],
]) {
  test(name, () => assert.equal(isComposingKey(event), expected));
}
