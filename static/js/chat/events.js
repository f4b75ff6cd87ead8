// Reads server-sent events from a fetch body: yields { event, data, id }, data parsed from JSON. The server sends
// something every few seconds; a connection that is silent for longer counts as lost and raises an error.
const SILENCE_MS = 45_000;

export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    while (true) {
      const { value, done } = await heard(reader.read());
      if (done) return;
      buffer += value;
      const blocks = buffer.split("\n\n");
      buffer = blocks.pop();
      for (const block of blocks) {
        const found = parseEvent(block);
        if (found) yield found;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function heard(reading) {
  let timer = 0;
  const silence = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("silent")), SILENCE_MS);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}

// One block of a stream as { event, data, id }; null for a comment, which only keeps the connection alive.
export function parseEvent(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  if (!fields.data) return null;
  return { event: fields.event ?? "message", data: JSON.parse(fields.data), id: fields.id };
}
