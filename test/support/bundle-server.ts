import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A bucket with one bundle, at `url`/REVISION/FILE. */
export interface BundleServer {
  readonly url: string;
  /** Of every request so far: its path, and its credential. */
  readonly asked: readonly { readonly path: string; readonly credential: string | undefined }[];
  /** What a file is instead. */
  readonly files: Map<string, Buffer>;
  /** A file of this name breaks off in its midst; undefined: none. */
  broken: string | undefined;
  close(): Promise<void>;
}

/** Serves the folder of a bundle below the path of a revision. */
export async function startBundleServer(directory: string, revision: string): Promise<BundleServer> {
  const asked: { path: string; credential: string | undefined }[] = [];
  const files = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push({ path, credential: request.headers.authorization });
    const name = path.slice(`/bundles/${revision}/`.length);
    const body = path.startsWith(`/bundles/${revision}/`) ? (files.get(name) ?? fileOf(directory, name)) : undefined;
    if (body === undefined) {
      response.writeHead(404).end();
    } else if (name === bundles.broken) {
      response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, body.length / 2), () => {
        request.socket.destroy();
      });
    } else {
      response.end(body);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const bundles: BundleServer = {
    url: `http://127.0.0.1:${port}/bundles`,
    asked,
    files,
    broken: undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return bundles;
}

function fileOf(directory: string, name: string): Buffer | undefined {
  try {
    return readFileSync(join(directory, name));
  } catch {
    return undefined;
  }
}
