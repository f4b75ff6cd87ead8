import assert from "node:assert/strict";
import { test } from "node:test";
import { isFinalRefusal, retryDelay, TRIES } from "../../static/js/chat/backoff.js";

test("delays double from 400 ms and stop growing at five seconds", () => {
  assert.deepEqual([0, 1, 2, 3, 4, TRIES].map(retryDelay), [400, 800, 1600, 3200, 5000, 5000]);
});

test("all tries together last about a minute", () => {
  const total = Array.from({ length: TRIES + 1 }, (_, tries) => retryDelay(tries)).reduce((sum, delay) => sum + delay, 0);

  assert.equal(total, 61_000);
});

test("only a refusal that another try cannot change is final", () => {
  assert.deepEqual([200, 401, 403, 404, 409, 410, 429, 500, 503].filter(isFinalRefusal), [401, 403, 404, 410]);
});
