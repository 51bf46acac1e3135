import type { Command } from "commander";
import { createClient, type WuerstchenClient } from "../../shared/client/client.ts";
import { CommandError } from "../command-line.ts";
import { exitCodes } from "./exit-codes.ts";
import { interruptible } from "./interruptible.ts";
import { originOf } from "./service.ts";
import { readSettings } from "./settings.ts";

/** What every order of an operator takes. */
export interface OperatorFlags {
  readonly url?: string;
  readonly adminSecret?: string;
  readonly json?: boolean;
}

/** Adds the options of `OperatorFlags`. */
export function withOperatorOptions(command: Command): Command {
  return command
    .option("--url <url>", "the service (else WUERSTCHEN_URL, else the configuration file)")
    .option("--admin-secret <secret>", "the operator's credential (else WUERSTCHEN_ADMIN_SECRET, else the file)")
    .option("--json", "JSON");
}

/** Calls the operator's routes, and prints what `call` returns. */
export function asOperator(
  flags: OperatorFlags,
  call: (client: WuerstchenClient, signal: AbortSignal) => Promise<string>,
): Promise<void> {
  return interruptible(async (signal) => {
    const { url, admin_secret: secret } = readSettings(
      { url: flags.url, admin_secret: flags.adminSecret },
      process.env,
    );
    if (url === undefined || secret === undefined) {
      throw new CommandError("This needs --url and --admin-secret, or their variables, or the file.", exitCodes.usage);
    }
    process.stdout.write(`${await call(createClient({ baseUrl: originOf(url), apiKey: secret }), signal)}\n`);
  });
}
