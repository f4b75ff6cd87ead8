import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEvent, readEvents } from "../../static/js/chat/events.js";

async function readAll(...chunks) {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });
  const found = [];
  for await (const event of readEvents(body)) found.push(event);
  return found;
}

test("a block becomes an event with its data and id", () => {
  assert.deepEqual(parseEvent('id: 7\nevent: delta\ndata: {"text":"a: b"}'), { event: "delta", data: { text: "a: b" }, id: "7" });
});

test("an event without a name is a message", () => {
  assert.deepEqual(parseEvent("data: 1"), { event: "message", data: 1, id: undefined });
});

test("a comment that keeps the connection alive is no event", () => {
  assert.equal(parseEvent(": still here"), null);
});

test("events are whole however the network cuts them, also inside a character", async () => {
  const bytes = new TextEncoder().encode('id: 1\nevent: delta\ndata: {"text":"日"}\n\nid: 2\nevent: end\ndata: {}\n\n');

  for (let at = 1; at < bytes.length; at += 1) {
    assert.deepEqual(await readAll(bytes.slice(0, at), bytes.slice(at)), [
      { event: "delta", data: { text: "日" }, id: "1" },
      { event: "end", data: {}, id: "2" },
    ]);
  }
});

test("a block that the connection cut off is left out", async () => {
  assert.deepEqual(await readAll('data: 1\n\ndata: {"te'), [{ event: "message", data: 1, id: undefined }]);
});
