import { once } from "node:events";
import { createServer } from "node:net";
import { CommandError, wholeNumber } from "./command-line.ts";

/** Everything here listens on this machine only. */
export const localHost = "127.0.0.1";

/** Where `npm start` listens unless PORT and BACKEND_PORT say otherwise. */
const portDefaults = { PORT: 8787, BACKEND_PORT: 8788 } as const;

/** The ports that the environment names, or the usual ones. Throws `CommandError` on what is no port. */
export function chosenPorts(environment: Readonly<Record<string, string | undefined>>) {
  const chosen = (variable: keyof typeof portDefaults) =>
    wholeNumber(variable, environment[variable], { min: 0, max: 65_535 }) ?? portDefaults[variable];
  return { port: chosen("PORT"), backendPort: chosen("BACKEND_PORT") };
}

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
