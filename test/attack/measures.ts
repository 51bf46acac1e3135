import type { BalanceResponse, QuoteResponse } from "../../shared/api/money.ts";
import { parseServerTiming } from "../../shared/wire/server-timing.ts";
import { median, quantile } from "../bench/statistics.ts";
import { descendantsOf } from "../support/process-tree.ts";

/** How an honest client fared. */
export interface Honest {
  readonly asked: number;
  readonly delivered: number;
  readonly p99Ms: number;
  /** Median milliseconds of each part of the work, of all answers and of the slowest of fifty. */
  readonly parts: Parts;
  readonly slowestParts: Parts;
}

type Parts = Readonly<Record<string, number>>;

interface Timed {
  readonly ms: number;
  readonly parts: Parts;
}

function mediansOf(answers: readonly Timed[]): Parts {
  const names = new Set(answers.flatMap(({ parts }) => Object.keys(parts)));
  return Object.fromEntries([...names].map((name) => [name, median(answers.map(({ parts }) => parts[name] ?? 0))]));
}

function slowestOf(answers: readonly Timed[]): readonly Timed[] {
  return answers.toSorted((one, other) => other.ms - one.ms).slice(0, Math.ceil(answers.length / 50));
}

/**
 * One request after another for a new picture, until `ended` aborts. 429 is waited out as its answer says, and asked
 * again.
 */
export async function honestClient(url: string, apiKey: string, ended: AbortSignal): Promise<Honest> {
  const answers: Timed[] = [];
  let [asked, delivered] = [0, 0];
  for (let seed = Date.now() % 1_000_000; !ended.aborted; seed += 1) {
    const startMs = performance.now();
    const answer = await fetch(`${url}/v1/images/generations`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ prompt: "a green pear", seed }),
    });
    await answer.arrayBuffer();
    asked += 1;
    if (answer.status === 200) delivered += 1;
    const ms = performance.now() - startMs;
    const { total = 0, ...parts } = parseServerTiming(answer.headers.get("server-timing"));
    answers.push({ ms, parts: { ...parts, edge: total, connection: ms - total } });
  }
  const p99Ms = quantile(
    answers.map(({ ms }) => ms),
    0.99,
  );
  return { asked, delivered, p99Ms, parts: mediansOf(answers), slowestParts: mediansOf(slowestOf(answers)) };
}

/** What a new picture costs by a quote, in micro-USD. */
export async function priceOfPicture(url: string, apiKey: string): Promise<number> {
  const answer = await fetch(`${url}/v1/quotes`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "a green pear" }),
  });
  const quote: QuoteResponse = JSON.parse(await answer.text());
  return quote.picture_micro_usd.generated;
}

/** What a key's account has and was charged, in micro-USD. */
export async function balanceOf(url: string, apiKey: string) {
  const answer = await fetch(`${url}/v1/balance`, { headers: { authorization: `Bearer ${apiKey}` } });
  const balance: BalanceResponse = JSON.parse(await answer.text());
  const { available_micro_usd: available, held_micro_usd: held, spent_micro_usd: spent } = balance;
  return { available, held, spent };
}

/** Requests between two looks at memory. */
const settlingRequests = 2_000;
const settlingCallers = 8;

/**
 * Sends cheap requests until they take no more memory, or `ended` aborts. workerd frees what a request held long after
 * its answer: a Worker of one line grows from 75 to 520 MB over its first 20,000 requests, and then no more. Without
 * this, memory would tell how many requests there were, and not what they hold.
 */
export async function settledMemory(
  { url, backendUrl }: { readonly url: string; readonly backendUrl: string },
  processes: readonly string[],
  ended: AbortSignal,
): Promise<void> {
  const bytes = () => processes.reduce((sum, name) => sum + residentBytes(name), 0);
  const paths = [`${url}/v1/no-such-path`, `${backendUrl}/no-such-path`];
  for (let before = 0; !ended.aborted && bytes() > 1.02 * before; ) {
    before = bytes();
    let sent = 0;
    const caller = async () => {
      for (; sent < settlingRequests && !ended.aborted; sent += 1) {
        await Promise.all(paths.map((path) => fetch(path).then((answer) => answer.arrayBuffer())));
      }
    };
    await Promise.all(Array.from({ length: settlingCallers }, caller));
  }
}

/** What a backend's device has worked so far, in milliseconds. */
export async function deviceMs(backendUrl: string): Promise<number> {
  const text = await (await fetch(`${backendUrl}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith("gpu_milliseconds_total{"));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** Memory of this process's descendants of a name, in bytes. */
export function residentBytes(name: string): number {
  return descendantsOf(process.pid)
    .filter(({ command }) => command.includes(name))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
