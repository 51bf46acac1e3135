import { connect } from "node:net";
import { createEventReader } from "../../shared/wire/event-stream.ts";

/** Longer than anything takes that is well. */
const answerMsMax = 30_000;

/** A client of the edge, with an account's key or as the operator. */
export interface Client {
  readonly url: string;
  readonly credential: string;
}

/** An answer as it arrived, with the body's JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** What is sent. */
export interface Sent {
  readonly method?: "GET" | "POST" | "PUT";
  readonly body?: object;
  readonly idempotencyKey?: string;
}

/** One request; undefined when the answer did not arrive whole. */
export async function ask(client: Client, path: string, sent: Sent = {}): Promise<Answer | undefined> {
  try {
    const response = await send(client, path, sent);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The data of a stream's events, in their order; fewer than all when it broke off, or `isEnough` said so. */
export async function readEvents(
  client: Client,
  sent: Sent & { readonly path: string },
  isEnough: (event: unknown) => boolean,
): Promise<{ readonly status: number | undefined; readonly events: readonly unknown[] }> {
  const events: unknown[] = [];
  let status: number | undefined;
  const leaving = new AbortController();
  try {
    const response = await send(client, sent.path, sent, leaving.signal);
    status = response.status;
    if (status !== 200) return { status, events: [await response.json()] };
    const reader = createEventReader();
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      events.push(...reader.push(decoder.decode(chunk, { stream: true })).map(({ data }) => JSON.parse(data)));
      if (events.some(isEnough)) break;
    }
  } catch {
    // What has arrived counts.
  }
  leaving.abort();
  return { status, events };
}

/** Sends a request and resets the connection a moment later, whatever has come by then. */
export async function sendAndReset(
  { url, credential }: Client,
  path: string,
  body: object,
  afterMs: number,
): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const json = JSON.stringify(body);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${credential}\r\n` +
      `content-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
  );
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  socket.resetAndDestroy();
}

function send({ url, credential }: Client, path: string, sent: Sent, leaving?: AbortSignal): Promise<Response> {
  const patience = AbortSignal.timeout(answerMsMax);
  const { method = "GET", body, idempotencyKey } = sent;
  return fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${credential}`,
      "content-type": "application/json",
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: leaving === undefined ? patience : AbortSignal.any([patience, leaving]),
  });
}
