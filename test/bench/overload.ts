// How many pictures edge and backend deliver when far more are asked of them than they can make, what a refusal takes,
// and what one account's load does to another's. `npm run bench:overload -- --help` tells the options.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type LocalStack, startLocalStack } from "../../scripts/local-stack.ts";
import { openAccount } from "../support/open-account.ts";
import { quantile } from "./statistics.ts";

const help = `Options:
  --bundle FOLDER   the bundle to serve (default: gpu-backend/models/emoji-128)
  --seconds N       length of each measurement (default: 15)
  --times N         the load in the overload, as a multiple of the best rate (default: 10)
  --callers LIST    callers at a time with whom the best rate is looked for (default: 4,16,32)
  --steps N         steps of Stage C (default: the bundle's)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    bundle: { type: "string", default: `${import.meta.dirname}/../../gpu-backend/models/emoji-128` },
    seconds: { type: "string", default: "15" },
    times: { type: "string", default: "10" },
    callers: { type: "string", default: "4,16,32" },
    steps: { type: "string" },
  },
});

/** More than a run can spend. */
const creditMicroUsd = 1_000_000_000;

const durationMs = Number(values.seconds) * 1_000;
let seed = Math.floor(Date.now() / 1_000) % 1_000_000;

/** How one request went. */
interface Outcome {
  readonly status: number;
  readonly code: string;
  readonly pictures: number;
  readonly ms: number;
  readonly retryAfter: string | null;
}

/** One request for pictures that nobody has asked for yet. */
async function ask(url: string, apiKey: string, n = 1): Promise<Outcome> {
  seed += n;
  const body = { prompt: "a red apple", seed, n, ...(values.steps && { steps: Number(values.steps) }) };
  const startMs = performance.now();
  const answer = await fetch(`${url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const json = (await answer.json()) as { readonly error?: { readonly code: string } };
  const ms = performance.now() - startMs;
  const { status } = answer;
  const retryAfter = answer.headers.get("retry-after");
  return { status, code: json.error?.code ?? "", pictures: status === 200 ? n : 0, ms, retryAfter };
}

/** Callers that ask again as soon as they are answered, and wait as long as they are told to. */
async function closedLoop(callers: number, forMs: number, request: () => Promise<Outcome>): Promise<Outcome[]> {
  const endMs = performance.now() + forMs;
  const outcomes: Outcome[] = [];
  async function caller(): Promise<void> {
    while (performance.now() < endMs) {
      const outcome = await request();
      outcomes.push(outcome);
      if (outcome.status === 429) await pause(Math.min(forMs, Number(outcome.retryAfter) * 1_000));
    }
  }
  await Promise.all(Array.from({ length: callers }, caller));
  return outcomes;
}

/** Requests at an even pace, whatever becomes of those before. */
async function openLoop(perSecond: number, forMs: number, request: () => Promise<Outcome>): Promise<Outcome[]> {
  const startMs = performance.now();
  const sent: Promise<Outcome>[] = [];
  for (let now = startMs; now < startMs + forMs; now = performance.now()) {
    while (sent.length < ((now - startMs) * perSecond) / 1_000) sent.push(request());
    await pause(5);
  }
  return Promise.all(sent);
}

async function measure(run: () => Promise<Outcome[]>): Promise<{ outcomes: Outcome[]; perSecond: number }> {
  const startMs = performance.now();
  const outcomes = await run();
  const pictures = outcomes.reduce((sum, outcome) => sum + outcome.pictures, 0);
  return { outcomes, perSecond: (pictures * 1_000) / (performance.now() - startMs) };
}

function describeOutcomes(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { status, code } of outcomes) {
    const name = `${status} ${code}`.trim();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(", ");
}

function printTimes(name: string, outcomes: readonly Outcome[]): void {
  const ms = outcomes.map((outcome) => outcome.ms);
  if (ms.length === 0) return;
  print(`  ${name}: p50 ${quantile(ms, 0.5).toFixed(0)} ms, p99 ${quantile(ms, 0.99).toFixed(0)} ms`);
}

async function measureOverload(stack: LocalStack): Promise<void> {
  const { url, apiKey } = stack;
  await closedLoop(4, 2_000, () => ask(url, apiKey));
  let best = 0;
  for (const callers of values.callers.split(",").map(Number)) {
    const { outcomes, perSecond } = await measure(() => closedLoop(callers, durationMs, () => ask(url, apiKey)));
    print(`${callers} callers: ${perSecond.toFixed(2)} pictures/s (${describeOutcomes(outcomes)})`);
    best = Math.max(best, perSecond);
  }
  const accounts = await Promise.all(
    ["one", "two", "three", "four"].map((name) => openAccount(stack, name, creditMicroUsd)),
  );
  for (const [name, keys] of [
    ["one account", [apiKey]],
    ["four accounts", accounts],
  ] as const) {
    let sent = 0;
    const request = () => {
      sent += 1;
      return ask(url, keys[sent % keys.length] ?? apiKey);
    };
    const { outcomes, perSecond } = await measure(() => openLoop(best * Number(values.times), durationMs, request));
    const share = (perSecond / best).toFixed(2);
    print(`${values.times} times as many, ${name}: ${perSecond.toFixed(2)} pictures/s, ${share} of the best`);
    print(`  ${describeOutcomes(outcomes)}`);
    printTimes(
      "delivered",
      outcomes.filter(({ status }) => status === 200),
    );
    const refused = outcomes.filter(({ status }) => status === 429);
    printTimes("refused", refused);
    const waits = refused.map(({ retryAfter }) => Number(retryAfter));
    if (waits.length > 0) print(`  retry-after: ${Math.min(...waits)} to ${quantile(waits, 0.99)} s`);
    await pause(1_000);
  }
}

/** One account asks for ten pictures at a time, from eight callers; the other for one, from one. */
async function measureNeighbour(stack: LocalStack): Promise<void> {
  const neighbour = await openAccount(stack, "neighbour", creditMicroUsd);
  const alone = await closedLoop(1, durationMs / 3, () => ask(stack.url, neighbour));
  const noise = closedLoop(8, durationMs, () => ask(stack.url, stack.apiKey, 10));
  await pause(1_000);
  const beside = await closedLoop(1, durationMs - 2_000, () => ask(stack.url, neighbour));
  const noisy = await noise;
  print("a neighbour's single requests");
  printTimes("alone", alone);
  printTimes("beside eight callers that ask for ten pictures each", beside);
  print(`  ${describeOutcomes(beside)}; of the noisy account: ${describeOutcomes(noisy)}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "wuerstchen-overload-"));
  const options = { port: 0, backendPort: 0, mayUseTemporaryState: false, verbose: false };
  const stack = await startLocalStack({ ...options, state, bundle: values.bundle });
  try {
    await measureOverload(stack);
    await measureNeighbour(stack);
  } finally {
    await stack.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

if (values.help) print(help);
else await main();
