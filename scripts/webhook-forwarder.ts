import { timingSafeEqual } from "node:crypto";
import { lookup as systemLookup } from "node:dns";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import { request as requestHttps } from "node:https";
import type { AddressInfo, LookupFunction } from "node:net";
import { isPublicAddress } from "../workers/webhooks/public-address.ts";
import { checkWebhookUrl, type WebhookRules } from "../workers/webhooks/webhook-url.ts";

/** How a forwarder is set up. */
export interface ForwarderOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** What the Worker shows: its `WEBHOOK_PROXY_SECRET`. */
  readonly secret: string;
  readonly rules: WebhookRules;
  /** Node's own by default. */
  readonly lookup?: typeof systemLookup;
}

/** Forwards webhooks. */
export interface Forwarder {
  readonly url: string;
  stop(): Promise<void>;
}

/** A message of ours has some hundred bytes. */
const bodyBytesMax = 64 * 1024;

/** Less than the Worker waits. */
const answerMsMax = 12_000;

/**
 * Takes a Worker's webhooks and sends each to the address in `x-webhook-url`. The name is resolved here, once, and the
 * connection goes to the very address that was checked: a name that leads to a private network is refused (403), also
 * one that led elsewhere a moment before. Answers with the receiver's status, or 502 when there is none.
 */
export async function startForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const server = createServer((request, response) => void answer(options, request, response));
  server.requestTimeout = answerMsMax;
  server.listen(options.port, options.host);
  await once(server, "listening");
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}/`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(options: ForwarderOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    response.writeHead(await statusOf(options, request)).end();
  } catch {
    // Its sender left in the middle of the body.
    response.destroy();
  }
}

async function statusOf(options: ForwarderOptions, request: IncomingMessage): Promise<number> {
  if (!isOurs(request.headers.authorization, options.secret)) return 401;
  const target = checkWebhookUrl(String(request.headers["x-webhook-url"] ?? ""), options.rules);
  if (!target.ok) return 403;
  const body = await readBody(request);
  return body === undefined ? 413 : send(options, target.value, { headers: request.headers, body });
}

function isOurs(shown: string | undefined, secret: string): boolean {
  const [given, expected] = [Buffer.from(shown ?? ""), Buffer.from(`Bearer ${secret}`)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface Message {
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

const forwardedHeaders = ["content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"];

class PrivateAddressError extends Error {}

function send(
  { rules, lookup = systemLookup }: ForwarderOptions,
  target: URL,
  { headers, body }: Message,
): Promise<number> {
  const mayLeadAnywhere = rules.targets === "any";
  const checkedLookup: LookupFunction = (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      const isAllowed = mayLeadAnywhere || addresses?.every(({ address }) => isPublicAddress(address));
      if (error !== null || !isAllowed) done(error ?? new PrivateAddressError(), []);
      else done(null, addresses);
    });
  };
  const kept = forwardedHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  return new Promise((resolve) => {
    const request = (target.protocol === "https:" ? requestHttps : requestHttp)(target, {
      method: "POST",
      lookup: checkedLookup,
      signal: AbortSignal.timeout(answerMsMax),
      headers: { ...Object.fromEntries(kept), "content-length": body.length },
    });
    request.on("error", (error) => resolve(error instanceof PrivateAddressError ? 403 : 502));
    request.on("response", (answered) => {
      answered.destroy();
      resolve(answered.statusCode ?? 502);
    });
    request.end(body);
  });
}
