/**
 * What a reader has not taken yet. Bounded whatever the reader does: a slot holds its newest text alone, so whoever
 * writes never waits and a slow reader misses what was overtaken.
 */
export interface EventOutbox {
  /** Lays a text into a slot, behind everything that waits; an older one in it is dropped. */
  put(slot: string, text: string): void;
  /** Lays down the last text. Nothing is taken in after it. */
  end(text: string): void;
  /** All that waits, in order, as soon as there is something; undefined after the end. For one reader. */
  take(): Promise<string | undefined>;
}

/** An empty outbox. */
export function createEventOutbox(): EventOutbox {
  const waiting = new Map<string, string>();
  let hasEnded = false;
  let wake = () => {};

  function put(slot: string, text: string): void {
    if (hasEnded) return;
    waiting.delete(slot);
    waiting.set(slot, text);
    wake();
  }

  return {
    put,
    end(text) {
      put("end", text);
      hasEnded = true;
    },
    async take() {
      while (waiting.size === 0 && !hasEnded) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (waiting.size === 0) return undefined;
      const texts = [...waiting.values()];
      waiting.clear();
      return texts.join("");
    },
  };
}

/** What waits, as a response's body: read as fast as its reader is. `leave` is called when the reader has gone. */
export function readOutbox(outbox: EventOutbox, leave: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const text = await outbox.take();
      if (text === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(text));
    },
    cancel: leave,
  });
}
