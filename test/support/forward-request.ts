import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

/** Sends a request that came to a proxy on to `target`, and gives the whole answer. Rejects when there is none. */
export async function forward(target: string, request: IncomingMessage) {
  const { method = "GET", url = "/" } = request;
  const body = method === "GET" ? undefined : new Uint8Array(await buffer(request));
  const { host: _, connection: __, ...headers } = request.headers;
  const answer = await fetch(`${target}${url}`, {
    method,
    headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
    ...(body === undefined ? {} : { body }),
  });
  const { "content-encoding": ___, "transfer-encoding": ____, ...kept } = Object.fromEntries(answer.headers);
  return { status: answer.status, headers: kept, body: Buffer.from(await answer.arrayBuffer()) };
}
