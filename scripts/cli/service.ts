import type { Command } from "commander";
import { createClient, type WuerstchenClient } from "../../shared/client/client.ts";
import { CommandError } from "../command-line.ts";
import { showProgress } from "../progress.ts";
import { exitCodes } from "./exit-codes.ts";
import { readSettings } from "./settings.ts";

/** How a command reaches a service. */
export interface ServiceFlags {
  readonly url?: string;
  readonly key?: string;
  readonly local?: boolean;
  readonly model?: string;
  readonly bundle?: string;
  readonly state?: string;
  readonly verbose?: boolean;
}

/** A service to call, until `stop`. */
export interface Service {
  readonly client: WuerstchenClient;
  /** Undefined: the service's only or default model. */
  readonly model: string | undefined;
  stop(): Promise<void>;
}

/** The options by which every command that calls a service finds it. */
export function withServiceOptions(command: Command): Command {
  return command
    .option("--url <url>", "a running service (else WUERSTCHEN_URL, else the configuration file, else a local one)")
    .option("--key <key>", "API key of that service (else WUERSTCHEN_KEY, else the configuration file)")
    .option("--local", "start a service for this command alone, whatever the environment and the file say")
    .option("--model <id>", "a model of the service, or the bundle of the local one")
    .option("--bundle <folder>", "a bundle elsewhere, for the local service")
    .option("--state <folder>", "storage of the local service")
    .option("--verbose", "show the logs of the local service");
}

/** The service that was named, or a local one for as long as the command runs. Throws `CommandError`. */
async function reachService(flags: ServiceFlags): Promise<Service> {
  const { url, key, model } = readSettings(flags, process.env);
  if (url === undefined || flags.local === true) return startService(flags);
  if (key === undefined) {
    throw new CommandError(
      `${url} needs an API key: --key, WUERSTCHEN_KEY or the configuration file.`,
      exitCodes.usage,
    );
  }
  return { client: createClient({ baseUrl: originOf(url), apiKey: key }), model, stop: async () => {} };
}

/** Calls `use` with a service, and ends a local one afterwards. */
export async function useService<Outcome>(
  flags: ServiceFlags,
  use: (service: Service) => Promise<Outcome>,
): Promise<Outcome> {
  const service = await reachService(flags);
  try {
    return await use(service);
  } finally {
    await service.stop();
  }
}

/** Without `/v1`, which people copy with the address. Throws `CommandError` on what is no address. */
export function originOf(url: string): string {
  if (!/^https?:/u.test(url) || !URL.canParse(url)) {
    throw new CommandError(`--url must begin with http:// or https://, not '${url}'.`, exitCodes.usage);
  }
  return url.replace(/\/+(?:v1\/*)?$/u, "");
}

/** A service of our own has one model, whose id may be another than its folder's name. */
async function startService({ model, bundle, state, verbose = false }: ServiceFlags): Promise<Service> {
  const { startLocalStack } = await import("../local-stack.ts");
  const progress = showProgress("Starting edge and backend");
  const options = { port: 0, backendPort: 0, model, bundle, state, verbose, mayUseTemporaryState: true };
  const stack = await startLocalStack(options).finally(() => progress.done());
  const client = createClient({ baseUrl: stack.url, apiKey: stack.apiKey });
  return { client, model: undefined, stop: () => stack.stop() };
}
