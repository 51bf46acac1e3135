import { request as httpRequest } from "node:http";

/** A request whose body never ends. */
export interface Unfinished {
  /** The answer's status; undefined when the connection ended without one. */
  readonly status: Promise<number | undefined>;
  /** Closes the connection. */
  leave(): void;
}

/** What is sent, and from where. */
export interface UnfinishedOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The length that is declared; all but the last byte of it is sent. */
  readonly bytes: number;
  readonly localAddress?: string;
}

/** Sends a request but for the last byte of its body. */
export function sendUnfinished({ url, headers, bytes, localAddress }: UnfinishedOptions): Unfinished {
  const request = httpRequest(url, {
    method: "POST",
    headers: { ...headers, "content-length": bytes },
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const status = new Promise<number | undefined>((resolve) => {
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    // After an answer, the server may close a connection whose body it does not want.
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
  });
  request.write(new Uint8Array(bytes - 1));
  return { status, leave: () => request.destroy() };
}
