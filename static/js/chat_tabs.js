// Tabs of one browser that show the same conversation tell each other of a turn that has begun.
const NAME = "loggia-chat";

export function tellTabs(conversation, turn) {
  channel()?.postMessage({ conversation, turn });
}

export function hearTabs(onBegun) {
  channel()?.addEventListener("message", ({ data }) => onBegun(data.conversation, data.turn));
}

let opened;
function channel() {
  if (opened === undefined) opened = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
  return opened;
}
