import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { WebhookAnswer } from "./plan.ts";

/** A webhook as it arrived. */
export interface ReceivedWebhook {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The server of all clients. Each scenario has a path of its own. */
export interface WebhookServer {
  /** The address for a scenario, whose first deliveries are met like this. */
  open(name: string, answers: readonly WebhookAnswer[]): string;
  /** What a scenario's address has received, whatever it answered. */
  received(name: string): readonly ReceivedWebhook[];
  stop(): Promise<void>;
}

/** Starts it. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const received = new Map<string, ReceivedWebhook[]>();
  const answers = new Map<string, WebhookAnswer[]>();

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.url?.slice(1) ?? "";
    const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
    received.get(name)?.push({ headers, body: await text(request) });
    const answer = answers.get(name)?.shift() ?? "taken";
    if (answer === "hung-up") return void response.destroy();
    response.writeHead(answer === "busy" ? 500 : 204).end();
  }

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    open(name, met) {
      received.set(name, []);
      answers.set(name, [...met]);
      // A server that listens on a port has an address with one.
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`;
    },
    received: (name) => received.get(name) ?? [],
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
