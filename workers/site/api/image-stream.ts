import type { ImageEvent } from "../../../shared/api/images-stream.ts";
import { type ApiOptions, type ApiRequest, apiErrorOf, send } from "./client.ts";

/** What a stream of pictures tells: steps of Stage C (which travel as comments), previews, pictures. */
export type StreamNews = { readonly type: "step"; readonly step: number; readonly steps: number } | ImageEvent;

/** Sends a request that streams, and yields its news as they come. Rejects as `send` does, also in the middle. */
export async function* streamImages(request: ApiRequest, options: ApiOptions): AsyncGenerator<StreamNews> {
  const response = await send(request, options);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const news = readBlock(block);
      if (news !== undefined) yield news;
    }
  }
}

/** Undefined for what only keeps the connection alive. Throws `ApiError` on an error event. */
export function readBlock(block: string): StreamNews | undefined {
  const step = /^: step (\d+) of (\d+)$/u.exec(block);
  if (step !== null) return { type: "step", step: Number(step[1]), steps: Number(step[2]) };
  const data = block.split("\n").find((line) => line.startsWith("data: "));
  if (data === undefined) return undefined;
  const event = JSON.parse(data.slice("data: ".length)) as ImageEvent | { readonly type: "error" };
  if (event.type === "error") throw apiErrorOf(event, 0);
  return event;
}
