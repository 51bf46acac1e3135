// Server-sent events, as far as two sides that know each other need them: one `data` line an event, lines end with LF.

/** The content type of a stream of events. */
export const eventStreamContentType = "text/event-stream";

/** One event as it was sent. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** An event whose data is JSON, which never holds a line break. */
export function formatEvent(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A line that readers skip: it shows them, and proxies between, that the connection lives. */
export function formatComment(text: string): string {
  return `: ${text}\n\n`;
}

/** Puts events together from a stream's pieces, wherever they were cut. */
export interface EventReader {
  /** The events that this piece completes. */
  push(text: string): readonly ServerEvent[];
}

/** A reader for one stream. */
export function createEventReader(): EventReader {
  let rest = "";
  return {
    push(text) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      return blocks.flatMap(readBlock);
    },
  };
}

function readBlock(block: string): ServerEvent[] {
  const fieldOf = (name: string) =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const data = fieldOf("data");
  return data === undefined ? [] : [{ event: fieldOf("event") ?? "message", data }];
}
