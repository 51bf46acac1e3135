import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type LocalStack, startLocalStack } from "../../scripts/local-stack.ts";
import { tinyDirectory } from "./tiny-bundle.ts";

/** Two processes start on a machine that is busy with other tests. */
export const startMsMax = 300_000;

/**
 * Edge in workerd and backend in Node with a tiny bundle, for all tests of a file or group, over real HTTP. `settings`:
 * more of the Worker's, known once the tests begin. `others`: bundles beside the first. `state`: a new folder, which
 * goes at the end; its `models` is the backend's.
 */
export function useTinyStack(
  bundle = tinyDirectory,
  settings: () => Promise<Readonly<Record<string, string>>> = async () => ({}),
  others: readonly string[] = [],
  state = mkdtempSync(join(tmpdir(), "wuerstchen-contract-")),
): () => LocalStack {
  let stack: LocalStack | undefined;

  beforeAll(async () => {
    const options = { port: 0, backendPort: 0, mayUseTemporaryState: false, verbose: false };
    stack = await startLocalStack({ ...options, state, bundle, others, settings: await settings() });
  }, startMsMax);

  afterAll(async () => {
    await stack?.stop();
    rmSync(state, { recursive: true, force: true });
  }, startMsMax);

  return () => {
    if (stack === undefined) throw new TypeError("The stack has not started.");
    return stack;
  };
}
