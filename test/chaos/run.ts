// Runs scenarios of faults against the processes of `npm start` on this machine. `npm run chaos -- --help` tells the
// options. Needs Linux with a C compiler.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CommandError, runCommand, wholeNumber } from "../../scripts/command-line.ts";
import { onStopSignal } from "../../scripts/stop-signals.ts";
import { startLink } from "./link.ts";
import { buildFaultLibrary, startMachine } from "./machine.ts";
import { type Fault, type Plan, planOf } from "./plan.ts";
import { type Outcome, runScenario, type Stage } from "./scenario.ts";
import { startWebhookServer, type WebhookServer } from "./webhooks.ts";

const help = `Runs edge and backend on this machine, on ports and storage of their own, through scenarios of faults, and looks after
each whether money, pictures and usage are as promised. A scenario is decided by its seed alone.

  npm run chaos -- [--seed 1] [--scenarios 10]

  --seed N        the seed of the first scenario; the next one has the next
  --scenarios N   how many
  --plan          print the scenarios as JSON, one a line, and run nothing
  --keep          keep storage and logs, and say where
  --help

Exit code 1: an invariant did not hold. The lines above say which, and what repeats it.
`;

/** A scenario takes some seconds. One that does not end has failed too, and its seed is told. */
const scenarioMsMax = 10 * 60_000;

/** Storage grows from scenario to scenario, and reconciliation looks at 100 accounts at a time. */
const scenariosOfMachine = 25;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      scenarios: { type: "string" },
      plan: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return print(help.trimEnd());
  const first = wholeNumber("--seed", values.seed, { min: 0, max: 2 ** 31 }) ?? 1;
  const count = wholeNumber("--scenarios", values.scenarios, { min: 1, max: 100_000 }) ?? 10;
  const plans = Array.from({ length: count }, (_, index) => planOf(first + index));
  if (values.plan) return print(plans.map((plan) => JSON.stringify(plan)).join("\n"));
  if (process.platform !== "linux") throw new CommandError("Chaos needs Linux: it preloads a library into processes.");

  // Machines end with this process.
  onStopSignal(async () => {});
  const root = mkdtempSync(join(tmpdir(), "wuerstchen-chaos-"));
  const webhooks = await startWebhookServer();
  try {
    const violated = await runAll({ root, webhooks }, plans);
    print(`${count - violated} of ${count} scenarios held.`);
    if (violated > 0) throw new CommandError(`${violated} scenarios did not hold.`);
  } finally {
    await webhooks.stop();
    if (values.keep) print(`Storage and logs: ${root}`);
    else rmSync(root, { recursive: true, force: true });
  }
});

interface Ground {
  readonly root: string;
  readonly webhooks: WebhookServer;
}

/** How many scenarios did not hold. A machine on which one did not is not used again. */
async function runAll({ root, webhooks }: Ground, plans: readonly Plan[]): Promise<number> {
  const library = buildFaultLibrary(root);
  if (library === undefined) throw new CommandError("Chaos needs a C compiler named cc and glibc. Install gcc.");
  let violated = 0;
  for (let [machines, next] = [0, 0]; next < plans.length; machines += 1) {
    const earlierFolder = machines === 0 ? undefined : join(root, String(machines - 1));
    const machine = await startMachine({ folder: join(root, String(machines)), library, startLink, earlierFolder });
    const end = next + scenariosOfMachine;
    let isHeld = true;
    for (; isHeld && next < Math.min(end, plans.length); next += 1) {
      isHeld = await runOne({ machine, webhooks }, plans[next] ?? planOf(0));
    }
    if (!isHeld) violated += 1;
    await machine.stop();
  }
  return violated;
}

async function runOne(stage: Stage, plan: Plan): Promise<boolean> {
  const startMs = performance.now();
  const ended = new AbortController();
  const outcome = await Promise.race([runScenario(stage, plan), endless(ended.signal)]).catch(
    (error: unknown): Outcome => ({ violations: [String(error)], requests: 0, ordersMs: 0, healthyMs: 0 }),
  );
  ended.abort();
  const { violations, requests, ordersMs, healthyMs } = outcome;
  const told = `${requests} requests in ${seconds(ordersMs)}, healthy after ${seconds(healthyMs)}, ${seconds(performance.now() - startMs)} in all`;
  print(
    `seed ${plan.seed}: ${plan.faults.map(describe).join(", ")}: ${violations.length === 0 ? "held" : "VIOLATED"} (${told})`,
  );
  for (const violation of violations) print(`  ${violation}`);
  if (violations.length > 0) {
    print(`  The plan: ${JSON.stringify(plan)}`);
    print(`  Repeat it: npm run chaos -- --seed ${plan.seed} --scenarios 1`);
  }
  return violations.length === 0;
}

async function endless(signal: AbortSignal): Promise<never> {
  await setTimeout(scenarioMsMax, undefined, { signal });
  throw new TypeError(`The scenario has not ended after ${seconds(scenarioMsMax)}.`);
}

function describe(fault: Fault): string {
  switch (fault.kind) {
    case "kill":
      return `kill ${fault.target}`;
    case "clock":
      return `clock ${fault.seconds} s`;
    case "disk":
      return "full disk";
    case "binding":
      return `${fault.binding} ${fault.trouble}`;
    case "network":
    case "deliveries":
      return `${fault.kind} ${fault.troubles.join("/")}`;
    case "webhooks":
      return `webhooks ${fault.answers.join("/")}`;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
