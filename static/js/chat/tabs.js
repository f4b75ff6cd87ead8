// Tabs of one browser that show the same conversation tell each other when a turn has started.
const NAME = "loggia-chat";

export function openTabChannel() {
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
  return {
    tell(conversation, turn) {
      channel?.postMessage({ conversation, turn });
    },
    hear(onStarted) {
      channel?.addEventListener("message", ({ data }) => onStarted(data.conversation, data.turn));
    },
  };
}
