// Attacks a stack on this machine from outside: strangers, an account without credit and a noisy neighbour, beside an
// honest client. `npm run attack -- --help` tells the options. Needs Linux, whose /proc tells the memory of processes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type LocalStack, startLocalStack } from "../../scripts/local-stack.ts";
import { openAccount } from "../support/open-account.ts";
import { type AttackOutcome, attackWith, noisyOf, pennilessOf, strangersOf } from "./attackers.ts";
import { deviceMs, honestClient, residentBytes } from "./measures.ts";

const help = `Attacks edge and backend on this machine, on ports and storage of their own, and reports what held.

  npm run attack -- [--seconds 600] [--bundle FOLDER]

Exit code 1: a guarantee did not hold.
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    seconds: { type: "string", default: "600" },
    bundle: { type: "string", default: `${import.meta.dirname}/../../gpu-backend/models/emoji-128` },
  },
});

/** A quarter of the time for the quiet, a quarter for those who pay nothing alone, half for all together. */
const quarterMs = Number(values.seconds) * 250;

const creditMicroUsd = 1_000_000_000;
const processes = ["workerd", "gpu-backend/main.ts"] as const;

interface Guarantee {
  readonly text: string;
  readonly holds: boolean;
}

async function attack(stack: LocalStack): Promise<readonly Guarantee[]> {
  const penniless = await openAccount(stack, "penniless", 0);
  const noisy = await openAccount(stack, "noisy", creditMicroUsd);
  const unpaying = [...strangersOf(stack), ...pennilessOf(stack, penniless)];

  await honestClient(stack.url, stack.apiKey, AbortSignal.timeout(quarterMs / 4));
  const quiet = await honestClient(stack.url, stack.apiKey, AbortSignal.timeout(quarterMs));
  const quietBytes = processes.map(residentBytes);

  const beforeMs = await deviceMs(stack.backendUrl);
  const alone = await attackWith(unpaying, AbortSignal.timeout(quarterMs));
  const unpaidMs = (await deviceMs(stack.backendUrl)) - beforeMs;

  const ended = AbortSignal.timeout(2 * quarterMs);
  const [together, , beside] = await Promise.all([
    attackWith(unpaying, ended),
    attackWith([noisyOf(stack, noisy)], ended),
    honestClient(stack.url, stack.apiKey, ended),
  ]);
  const attackedBytes = processes.map(residentBytes);

  report("alone", alone);
  report("beside paying clients", together);
  const [outcomes, ratio] = [[...alone, ...together], beside.p99Ms / quiet.p99Ms];
  return [
    {
      text: `every honest request was delivered: ${beside.delivered} of ${beside.asked}`,
      holds: beside.asked > 0 && beside.delivered === beside.asked,
    },
    {
      text: `the honest p99 is at most twice the quiet one: ${ratio.toFixed(2)} times, ${beside.p99Ms.toFixed(0)} ms`,
      holds: ratio <= 2,
    },
    { text: `who pays nothing uses no device time: ${unpaidMs.toFixed(0)} ms`, holds: unpaidMs === 0 },
    { text: "who pays nothing is served nothing", holds: outcomes.every(({ served }) => served === 0) },
    { text: "no attack is answered with a fault of ours", holds: outcomes.every(({ broken }) => broken === 0) },
    ...processes.map((name, index) => memoryGuarantee(name, quietBytes[index] ?? 0, attackedBytes[index] ?? 0)),
  ];
}

function memoryGuarantee(name: string, quiet: number, attacked: number): Guarantee {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  const figures = `${megabytes(quiet)} MB quiet, ${megabytes(attacked)} MB attacked`;
  return { text: `memory of ${name} is within 1.3 of the quiet one: ${figures}`, holds: attacked <= 1.3 * quiet };
}

function report(title: string, outcomes: readonly AttackOutcome[]): void {
  print(`Attacks ${title}:`);
  for (const { name, requests, served, broken } of outcomes) {
    print(`  ${name}: ${requests} requests, ${served} served, ${broken} answered 5xx`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "wuerstchen-attack-"));
  const options = { port: 0, backendPort: 0, mayUseTemporaryState: false, verbose: false };
  const stack = await startLocalStack({ ...options, state, bundle: values.bundle });
  try {
    for (const { text, holds } of await attack(stack)) {
      print(`${holds ? "held" : "BROKEN"}: ${text}`);
      if (!holds) process.exitCode = 1;
    }
  } finally {
    await stack.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

if (values.help) print(help);
else await main();
