import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Trouble } from "./plan.ts";

/** Longer than a task of the tiny bundle takes, and shorter than anybody's patience. */
const delayMs = 400;

/** How many messages overtake one, or how long it waits for them. */
const overtakingMessages = 2;
const overtakingMsMax = 500;

/** What the network does while a scenario lasts. */
export interface Weather {
  /** What befalls the next message; undefined: nothing. */
  next(): Trouble | undefined;
  /** A message has arrived, or an answer is about to leave. */
  passed(): Promise<void>;
}

/** The network between edge and backend. Its address stays while both are killed and started again. */
export interface Link {
  readonly url: string;
  setWeather(weather: Weather): void;
  stop(): Promise<void>;
}

/** No trouble, and nobody who counts. */
export const calm: Weather = { next: () => undefined, passed: async () => {} };

/** A proxy of a backend. Bytes pass as they come, and who hangs up is hung up on. */
export async function startLink(backendUrl: string): Promise<Link> {
  let weather = calm;
  let passedMessages = 0;

  async function carry(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { next, passed } = weather;
    const trouble = next();
    const body = await buffer(incoming);
    passedMessages += 1;
    await passed();
    if (trouble === "refused") return void outgoing.destroy();
    if (trouble === "fault") return void outgoing.writeHead(500).end("{}");
    if (trouble === "delayed") await pause(delayMs);
    if (trouble === "overtaken") await beOvertaken(() => passedMessages);
    if (trouble === "doubled") ask(backendUrl, incoming, body).then((answer) => answer.resume(), ignore);
    const answer = await ask(backendUrl, incoming, body, outgoing);
    await passed();
    if (trouble === "answer-lost") return void outgoing.destroy();
    if (trouble === "cut") return cut(answer, outgoing);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on("error", () => outgoing.destroy()).pipe(outgoing);
  }

  const server = createServer((incoming, outgoing) => {
    carry(incoming, outgoing).catch(() => outgoing.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    // A server that listens on a port has an address with one.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setWeather(changed) {
      weather = changed;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function ignore(): void {}

async function beOvertaken(passedMessages: () => number): Promise<void> {
  const [before, startMs] = [passedMessages(), performance.now()];
  while (passedMessages() < before + overtakingMessages && performance.now() < startMs + overtakingMsMax) {
    await pause(10);
  }
}

/** Rejects when there is no answer. The request ends when `outgoing` is closed by the other side. */
function ask(target: string, { method, url, headers }: IncomingMessage, body: Buffer, outgoing?: ServerResponse) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const { "transfer-encoding": _, ...kept } = headers;
    const length = body.length > 0 ? { "content-length": body.length } : {};
    const request = requestHttp(`${target}${url}`, {
      method,
      headers: { ...kept, host: new URL(target).host, ...length },
      agent: false,
    });
    request.on("response", resolve).on("error", reject);
    outgoing?.on("close", () => request.destroy());
    request.end(body);
  });
}

async function cut(answer: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const whole = await buffer(answer);
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  outgoing.write(whole.subarray(0, whole.length / 2), () => outgoing.destroy());
}
