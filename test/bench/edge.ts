// The edge's requests a second against a Worker that does only the storage work, in turn, on one machine.
// `npm run bench:edge -- --help` tells the options.

import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { entryWorker } from "../../scripts/local-entry.ts";
import { type LocalStack, startLocalStack } from "../../scripts/local-stack.ts";
import { freePort } from "../../scripts/ports.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";
import { median } from "./statistics.ts";

const help = `Options:
  --callers N    connections at a time (default: 16)
  --requests N   requests in each measurement (default: 1000)
  --rounds N     measurements of each kind, taken in turn; medians are printed (default: 7)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    callers: { type: "string", default: "16" },
    requests: { type: "string", default: "1000" },
    rounds: { type: "string", default: "7" },
  },
});
const agent = new Agent({ keepAlive: true, maxSockets: Number(values.callers) });

/** One request that is sent over and over. */
interface Call {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function main(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "wuerstchen-bench-edge-"));
  const stack = await startLocalStack({
    port: 0,
    backendPort: 0,
    mayUseTemporaryState: false,
    verbose: false,
    state,
    bundle: tinyDirectory,
  });
  const bare = await startBareWorker(join(state, "bare"));
  try {
    const ours = await preparedCalls(stack);
    const picture = await fetch(ours.image.url).then((response) => response.arrayBuffer());
    await fetch(`${bare.url}/prepare`, { method: "POST", body: picture });
    await compare("image hit / bare cache look-up", ours.image, { ...get(`${bare.url}/image`) }, 0.8);
    await compare("generation from store / bare KV + object + R2", ours.generation, get(`${bare.url}/store`), 0.7);
  } finally {
    await bare.stop();
    await stack.stop();
    agent.destroy();
    rmSync(state, { recursive: true, force: true });
  }
}

/** A picture that the edge holds, by its link and by the request that made it. */
async function preparedCalls({ url, apiKey }: LocalStack): Promise<{ image: Call; generation: Call }> {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const body = JSON.stringify({ prompt: "apple", seed: 1, response_format: "url" });
  const generation: Call = { url: `${url}/v1/images/generations`, method: "POST", headers, body };
  const answer = await fetch(generation.url, { method: "POST", headers, body });
  const { data } = (await answer.json()) as { data: { url: string }[] };
  return { generation, image: get(data[0]?.url ?? "") };
}

function get(url: string): Call {
  return { url, method: "GET", headers: {} };
}

/** Measures both in turn, so that what else the machine does hits them alike, and prints rates and their ratio. */
async function compare(name: string, ours: Call, theirs: Call, goal: number): Promise<void> {
  await rateOf(ours);
  await rateOf(theirs);
  const rates: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    rates.push({ ours: await rateOf(ours), theirs: await rateOf(theirs) });
  }
  const [a, b] = [median(rates.map((rate) => rate.ours)), median(rates.map((rate) => rate.theirs))];
  const ratio = median(rates.map((rate) => rate.ours / rate.theirs));
  say(`${name}: ${a.toFixed(0)} / ${b.toFixed(0)} requests/s = ${ratio.toFixed(2)} (goal ${goal})`);
}

/** Requests a second over all connections. Throws when one fails. */
async function rateOf(call: Call): Promise<number> {
  let left = Number(values.requests);
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: Number(values.callers) }, async () => {
      while (left > 0) {
        left -= 1;
        await send(call);
      }
    }),
  );
  return (1_000 * Number(values.requests)) / (performance.now() - startedMs);
}

function send({ url, method, headers, body }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new TypeError(`${url}: ${response.statusCode}`));
      response.on("end", resolve).on("error", reject).resume();
    });
    sent.on("error", reject).end(body);
  });
}

/**
 * Its storage is on the same disk as ours, and what a local run has in front of the Worker stands in front of it too:
 * the entry that counts requests under way, and the pages' files.
 */
async function startBareWorker(state: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { convertV4MiniflareOptions, Miniflare } = await import("miniflare");
  const port = await freePort(0, "PORT");
  const options = convertV4MiniflareOptions({
    host: "127.0.0.1",
    port,
    cf: false,
    resourcePersistencePath: state,
    workers: [
      entryWorker("bare", { apiKey: undefined, drainToken: "none" }),
      {
        name: "bare",
        assets: {
          directory: join(import.meta.dirname, "../../docs"),
          routerConfig: { has_user_worker: true, static_routing: { user_worker: ["/*"] } },
          assetConfig: { compatibility_date: "2026-10-23" },
        },
        compatibilityDate: "2026-10-23",
        modules: [{ type: "ESModule", path: join(import.meta.dirname, "bare-worker.js") }],
        modulesRoot: import.meta.dirname,
        kvNamespaces: ["KV"],
        r2Buckets: ["BUCKET"],
        durableObjects: { ROW: { className: "Row", useSQLite: true } },
      },
    ],
  });
  const miniflare = new Miniflare(options);
  const url = await miniflare.ready;
  return { url: url.origin, stop: () => miniflare.dispose() };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (values.help) say(help);
else await main();
