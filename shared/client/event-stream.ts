import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";

/** The server-sent events of an answer, as they arrive. Leaving the loop early closes the connection. */
export async function* readEvents(
  response: Response,
  onComment?: (comment: string) => void,
): AsyncGenerator<EventSourceMessage> {
  const reader = response.body
    ?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
    .pipeThrough(new EventSourceParserStream({ onComment }))
    .getReader();
  if (reader === undefined) return;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel();
  }
}
