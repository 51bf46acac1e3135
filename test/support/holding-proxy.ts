import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { forward } from "./forward-request.ts";

/** Stands before a backend and can keep its answers back, so that a test has all the time it wants in mid-task. */
export interface HoldingProxy {
  readonly url: string;
  /** From now on the answers on this path are kept back. `reached` settles when the backend has given one. */
  hold(path: string): { readonly reached: Promise<void>; release(): void };
  stop(): Promise<void>;
}

interface Gate {
  readonly path: string;
  pass(): Promise<void>;
}

/** A proxy of a backend. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  let gate: Gate | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await forward(target, request);
    const closed = gate;
    if (closed !== undefined && closed.path === request.url?.split("?", 1)[0]) await closed.pass();
    response.writeHead(status, { ...headers, "content-length": body.length }).end(body);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(path) {
      let release = () => {};
      let reach = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const reached = new Promise<void>((resolve) => {
        reach = resolve;
      });
      const pass = () => {
        reach();
        return released;
      };
      gate = { path, pass };
      return { reached, release };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
