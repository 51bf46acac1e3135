// The process that tries out what can compute: a driver that fails, or takes minutes, fails and takes them here.

import { AppError } from "../../shared/errors.ts";
import { readManifest } from "./bundle.ts";
import { parseTrialOrder, type Trial } from "./choose-provider.ts";
import { executionProviders } from "./execution.ts";
import { tryProvider } from "./provider-trial.ts";

process.on("disconnect", () => process.exit(0));
process.once("message", (raw) => {
  void tryAll(raw).then(() => process.disconnect());
});

async function tryAll(raw: unknown): Promise<void> {
  const order = parseTrialOrder(raw);
  if (order === undefined) return;
  const manifest = await readManifest(order.directory);
  for (const provider of executionProviders) {
    const execution = { provider, intraOpThreads: order.intraOpThreads };
    const outcome = await tryProvider(manifest, { directory: order.directory, execution }).then(
      (milliseconds) => ({ milliseconds }),
      (error: unknown) => ({ reason: error instanceof AppError ? error.message : "It failed." }),
    );
    const trial: Trial = { provider, ...outcome };
    process.send?.(trial, undefined, undefined, () => undefined);
  }
}
