import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

/** A server that listens. */
export interface Listening {
  /** "http://host:port", with the port that it really has. */
  readonly url: string;
  /** Stops accepting, and resolves when every request is answered, or after `msMax` when the rest is cut off. */
  close(msMax: number): Promise<void>;
}

const idleSweepMs = 20;

/**
 * Longer than callers keep an idle connection themselves (5 s in workerd, 60 s in the usual proxies), so that none
 * sends a request into one that is being closed here: such a request is lost, and a POST is not sent again.
 */
const keepAliveTimeoutMs = 75_000;

/** How often connections are looked through for requests that take too long to arrive. */
const arrivalSweepMs = 1_000;

/** Where to listen, and how long a request may take to arrive. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Milliseconds for head and body together; then the server answers 408 and closes the connection. */
  readonly bodyMsMax: number;
}

/** Listens on an address. Rejects when it is taken. */
export async function listen(app: Hono, { host, port, bodyMsMax }: ListenOptions): Promise<Listening> {
  const options = {
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: bodyMsMax,
    headersTimeout: bodyMsMax,
    connectionsCheckingInterval: arrivalSweepMs,
  };
  const server = createServer(options, getRequestListener(app.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return { url: urlOf(server, host), close: (msMax) => close(server, msMax) };
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function close(server: Server, msMax: number): Promise<void> {
  const cutOff = setTimeout(() => server.closeAllConnections(), msMax);
  // A connection whose last answer is given would be kept alive for some seconds more.
  const sweep = setInterval(() => server.closeIdleConnections(), idleSweepMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearInterval(sweep);
  clearTimeout(cutOff);
}
