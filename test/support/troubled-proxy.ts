import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { forward } from "./forward-request.ts";

/** Longer than any answer of the tiny bundle, and shorter than anybody's patience. */
const silenceMs = 3_000;

/**
 * What happens to a request on its way: nothing, no connection, an answer that is lost, a fault, or seconds of silence.
 */
export type Trouble = "none" | "refused" | "answer-lost" | "fault" | "silence";

/** Stands before a backend and gives it the network that it has on a bad day. */
export interface TroubledProxy {
  readonly url: string;
  /** How often each thing has happened. */
  readonly counts: Readonly<Record<Trouble, number>>;
  stop(): Promise<void>;
}

/** A proxy of a backend; `troubleOf` is asked once a request. Its address stays when the backend is another process. */
export async function startTroubledProxy(target: () => string, troubleOf: () => Trouble): Promise<TroubledProxy> {
  const counts: Record<Trouble, number> = { none: 0, refused: 0, "answer-lost": 0, fault: 0, silence: 0 };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const trouble = request.method === "GET" ? "none" : troubleOf();
    counts[trouble] += 1;
    if (trouble === "refused") return void response.destroy();
    if (trouble === "fault") return void response.writeHead(500).end("{}");
    if (trouble === "silence") await pause(silenceMs);
    if (trouble === "silence") return void response.destroy();
    const answer = await forward(target(), request);
    if (trouble === "answer-lost") return void response.destroy();
    response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length }).end(answer.body);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
