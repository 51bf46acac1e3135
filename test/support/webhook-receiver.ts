import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** One delivery, as it arrived. */
export interface ReceivedWebhook {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A client's own server, which takes webhooks on this machine. */
export interface WebhookReceiver {
  readonly url: string;
  /** Settles with the delivery of this place, from 0, once it is there. */
  received(index: number): Promise<ReceivedWebhook>;
  stop(): Promise<void>;
}

/** A receiver that answers the deliveries with these statuses in turn, and 204 after that. */
export async function startWebhookReceiver(statuses: readonly number[] = []): Promise<WebhookReceiver> {
  const deliveries: ReceivedWebhook[] = [];
  let waiting: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    deliveries.push({ headers, body: await text(request) });
    response.writeHead(statuses[deliveries.length - 1] ?? 204).end();
    for (const tell of waiting) tell();
    waiting = [];
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async received(index) {
      for (;;) {
        const delivery = deliveries[index];
        if (delivery !== undefined) return delivery;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
