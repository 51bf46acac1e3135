import { once } from "node:events";
import { createServer } from "node:net";
import { CommandError } from "./command-line.ts";

/** Everything here listens on this machine only. */
export const localHost = "127.0.0.1";

/** The port itself if it is free; for 0, any free port. Throws `CommandError` if the port is taken. */
export async function freePort(port: number, variable: string): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, localHost);
    await once(server, "listening");
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  } catch (error) {
    throw new CommandError(
      `Port ${port} cannot be used (${codeOf(error)}). Stop what listens there, or choose another: ${variable}=0 takes any free one.`,
    );
  } finally {
    server.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
