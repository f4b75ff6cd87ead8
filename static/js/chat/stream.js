// Reads the events of one turn to the end. A lost connection is resumed at the last offset as soon as the network is
// back; when it was lost before the first event, the request is sent again with the same idempotency key.
import { isFinalRefusal, retryDelay, TRIES } from "./backoff.js";
import { readEvents } from "./events.js";

// `open(offset)` makes the request, `take(event, data, id)` gets each event and returns true at the last one,
// `wait(isLost)` tells the reader that the page is trying again. Resolves to true at the end, else to false.
export async function readTurn(response, { open, take, wait, offset }) {
  for (let tries = 0; tries <= TRIES; tries += 1) {
    try {
      response ??= await open(offset());
      if (isFinalRefusal(response.status)) return false;
      if (!response.ok) throw new Error(response.status);
      for await (const { event, data, id } of readEvents(response.body)) {
        if (tries) wait(false);
        tries = 0;
        if (take(event, data, id)) return true;
      }
    } catch {
      // Retried below.
    }
    response = null;
    if (tries) wait(true);
    await pause(retryDelay(tries));
  }
  return false;
}

function pause(milliseconds) {
  return new Promise((done) => {
    const go = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      done();
    };
    const timer = setTimeout(go, milliseconds);
    addEventListener("online", go);
  });
}
