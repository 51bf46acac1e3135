import { expect, test } from "vitest";
import { chooseProvider, fastest } from "../../../gpu-backend/runtime/choose-provider.ts";
import { startBackend } from "../../support/backend.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

const order = { directory: tinyDirectory, intraOpThreads: 1 };

test("every provider is tried, and one whose libraries are not there says how to get them", async () => {
  const { provider, trials } = await chooseProvider(order, process.env, 60_000);
  expect(trials.map((trial) => trial.provider)).toEqual(["cpu", "webgpu", "cuda"]);
  expect(trials[0]?.milliseconds).toBeGreaterThan(0);
  // `npm ci` never brings CUDA's libraries, with a card or without one.
  expect(trials[2]?.reason).toContain("npm run cuda:install");
  expect(provider).toBe(fastest(trials));
});

test("a trial that takes too long leaves the processor", async () => {
  expect(await chooseProvider(order, process.env, 0)).toEqual({ provider: "cpu", trials: [] });
});

test("the fastest provider is picked, and one that failed never is", () => {
  const cpu = { provider: "cpu", milliseconds: 30 } as const;
  expect(fastest([cpu, { provider: "webgpu", milliseconds: 900 }, { provider: "cuda", reason: "No card." }])).toBe(
    "cpu",
  );
  expect(fastest([cpu, { provider: "webgpu", milliseconds: 3 }])).toBe("webgpu");
  expect(fastest([])).toBe("cpu");
});

test("PROVIDER=auto says in the log what it picked and why", async () => {
  const backend = await startBackend({ PROVIDER: "auto" });
  await backend.stop();
  expect(backend.logged("provider chosen")).toMatchObject([
    {
      provider: expect.stringMatching(/^(cpu|webgpu)$/u),
      trials: [{ provider: "cpu" }, { provider: "webgpu" }, { provider: "cuda" }],
    },
  ]);
});

test("a provider that is named and not there ends the server, saying how to get it", async () => {
  await expect(startBackend({ PROVIDER: "cuda" })).rejects.toThrow("npm run cuda:install");
});
