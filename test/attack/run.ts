// Attacks a stack on this machine from outside: strangers, accounts with no and with little credit, and a noisy
// neighbour, beside an honest client. `npm run attack -- --help` tells the options. Needs Linux, whose /proc tells the
// memory of processes.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type LocalStack, startLocalStack } from "../../scripts/local-stack.ts";
import { openAccount } from "../support/open-account.ts";
import type { AttackOutcome } from "./attackers.ts";
import {
  balanceOf,
  deviceMs,
  type Honest,
  honestClient,
  priceOfPicture,
  residentBytes,
  settledMemory,
} from "./measures.ts";
import type { AttackOrder, AttackReport, Keys } from "./messages.ts";
import { backendThreads, separateMachines } from "./separate-machines.ts";

const help = `Attacks edge and backend on this machine, on ports and storage of their own, and reports what held.

  npm run attack -- [--seconds 600] [--rate 20] [--bundle FOLDER]

  --rate   requests a second of each of the twelve attackers who pay nothing. A refusal costs 2 to 4 ms of a processor,
           most of it workerd's own, and the edge shares its processors with them: 500 a second would leave none.

The backend has one half of the processors to itself, as it has its own machine in production. Needs two at least, and
taskset. Exit code 1: a guarantee did not hold. Let nothing else run on a small machine.
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    seconds: { type: "string", default: "600" },
    rate: { type: "string", default: "20" },
    bundle: { type: "string", default: `${import.meta.dirname}/../../gpu-backend/models/emoji-128` },
  },
});

/** A fifth of the time each for settling, for the quiet and for those who pay nothing; the rest for all together. */
const fifthMs = Number(values.seconds) * 200;

const muchMicroUsd = 1_000_000_000;
/** Pictures that the account with little credit can pay. */
const poorPicturesMax = 10;

const processes = ["workerd", "gpu-backend/main.ts"] as const;

interface Guarantee {
  readonly text: string;
  readonly holds: boolean;
}

interface Attacked {
  readonly stack: LocalStack;
  readonly attackers: ChildProcess;
}

async function attack({ stack, attackers }: Attacked): Promise<readonly Guarantee[]> {
  const priceMicroUsd = await priceOfPicture(stack.url, stack.apiKey);
  const poorMicroUsd = poorPicturesMax * priceMicroUsd;
  const keys: Keys = {
    penniless: await openAccount(stack, "penniless", 0),
    poor: await openAccount(stack, "poor", poorMicroUsd),
    noisy: await openAccount(stack, "noisy", muchMicroUsd),
  };
  const attackFor = async (milliseconds: number, withPayers: boolean): Promise<AttackReport> => {
    const { url, backendUrl } = stack;
    const rate = Number(values.rate);
    const order: AttackOrder = { target: { url, backendUrl }, keys, milliseconds, rate, withPayers };
    attackers.send(order);
    const [report]: AttackReport[] = await once(attackers, "message");
    if (report === undefined) throw new TypeError("The attackers did not report.");
    return report;
  };

  progress("settling memory");
  await honestClient(stack.url, stack.apiKey, AbortSignal.timeout(fifthMs / 4));
  await settledMemory(stack, processes, AbortSignal.timeout(fifthMs));
  progress("an honest client alone");
  const quiet = await honestClient(stack.url, stack.apiKey, AbortSignal.timeout(fifthMs));
  const quietBytes = processes.map(residentBytes);

  progress("who pays nothing, alone");
  const beforeMs = await deviceMs(stack.backendUrl);
  const alone = await attackFor(fifthMs, false);
  const unpaidMs = (await deviceMs(stack.backendUrl)) - beforeMs;

  progress("all together");
  const [together, beside] = await Promise.all([
    attackFor(2 * fifthMs, true),
    honestClient(stack.url, stack.apiKey, AbortSignal.timeout(2 * fifthMs)),
  ]);
  const attackedBytes = processes.map(residentBytes);
  const poor = await balanceOf(stack.url, keys.poor);

  printParts("quiet", quiet.parts);
  printParts("slowest quiet", quiet.slowestParts);
  printParts("attacked", beside.parts);
  printParts("slowest attacked", beside.slowestParts);
  report("alone", alone.outcomes);
  report("beside paying clients", together.outcomes);
  const outcomes = [...alone.outcomes, ...together.outcomes];
  const ratio = beside.p99Ms / quiet.p99Ms;
  const times = `${quiet.p99Ms.toFixed(0)} ms quiet, ${beside.p99Ms.toFixed(0)} ms attacked`;
  return [
    {
      text: `every honest request was delivered: ${beside.delivered} of ${beside.asked}`,
      holds: beside.asked > 0 && beside.delivered === beside.asked,
    },
    {
      text: `the honest p99 is at most twice the quiet one: ${ratio.toFixed(2)} times (${times})`,
      holds: ratio <= 2,
    },
    { text: `who pays nothing uses no device time: ${unpaidMs.toFixed(0)} ms`, holds: unpaidMs === 0 },
    { text: "who pays nothing is served nothing", holds: outcomes.every(({ served }) => served === 0) },
    {
      text: `who has little credit pays for each picture: ${together.poorPictures} pictures of ${priceMicroUsd}, ${poor.spent} micro-USD`,
      holds:
        poor.spent >= together.poorPictures * priceMicroUsd && poor.spent + poor.held + poor.available === poorMicroUsd,
    },
    { text: "no attack is answered with a fault of ours", holds: outcomes.every(({ broken }) => broken === 0) },
    ...processes.map((name, index) => memoryGuarantee(name, quietBytes[index] ?? 0, attackedBytes[index] ?? 0)),
  ];
}

function memoryGuarantee(name: string, quiet: number, attacked: number): Guarantee {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  const figures = `${megabytes(quiet)} MB quiet, ${megabytes(attacked)} MB attacked`;
  return { text: `memory of ${name} is within 1.3 of the quiet one: ${figures}`, holds: attacked <= 1.3 * quiet };
}

function progress(phase: string): void {
  process.stderr.write(`${new Date().toISOString()} ${phase}\n`);
}

function report(title: string, outcomes: readonly AttackOutcome[]): void {
  print(`Attacks ${title}:`);
  for (const { name, requests, served, broken } of outcomes) {
    print(`  ${name}: ${requests} requests, ${served} served, ${broken} answered 5xx`);
  }
}

/** Median milliseconds of the parts of an honest request; "edge" is all that the Worker took. */
function printParts(title: string, parts: Honest["parts"]): void {
  const listed = Object.entries(parts).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
  print(`Honest requests, ${title} (ms): ${listed.join(", ")}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "wuerstchen-attack-"));
  const options = { port: 0, backendPort: 0, mayUseTemporaryState: false, verbose: false };
  Object.assign(process.env, { INTRA_OP_THREADS: String(backendThreads) });
  const stack = await startLocalStack({ ...options, state, bundle: values.bundle });
  const attackers = fork(join(import.meta.dirname, "attack-main.ts"));
  try {
    separateMachines();
    for (const { text, holds } of await attack({ stack, attackers })) {
      print(`${holds ? "held" : "BROKEN"}: ${text}`);
      if (!holds) process.exitCode = 1;
    }
  } finally {
    attackers.disconnect();
    await stack.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

if (values.help) print(help);
else await main();
