import { setTimeout as pause } from "node:timers/promises";
import { openAccount } from "../support/open-account.ts";
import { seededRandom } from "../support/random.ts";
import { checkInvariants } from "./invariants.ts";
import { calm, type Link, type Weather } from "./link.ts";
import type { Machine } from "./machine.ts";
import { type Customer, type Placed, place } from "./orders.ts";
import type { BindingFaults, Fault, Plan } from "./plan.ts";
import type { WebhookServer } from "./webhooks.ts";

/** More than any scenario costs. */
const creditMicroUsd = 10_000_000;

/** What scenarios run against. */
export interface Stage {
  readonly machine: Machine & { readonly link: Link };
  readonly webhooks: WebhookServer;
}

/** What came of a scenario. */
export interface Outcome {
  /** Empty: every invariant held. */
  readonly violations: readonly string[];
  /** Requests of clients, repeats included. */
  readonly requests: number;
  /** From the first order to the last. */
  readonly ordersMs: number;
  /** From the end of all faults until pictures could be made. */
  readonly healthyMs: number;
}

/** Runs a scenario on a machine, which is well before it and after it. */
export async function runScenario({ machine, webhooks }: Stage, plan: Plan): Promise<Outcome> {
  await machine.healthy();
  const account = `chaos-${plan.seed}-${machine.starts}-${Date.now().toString(36)}`;
  const credential = await openAccount(machine, account, creditMicroUsd);
  const answers = plan.faults.flatMap((fault) => (fault.kind === "webhooks" ? fault.answers : []));
  const customer: Customer = { url: machine.url, credential, webhookUrl: webhooks.open(account, answers) };
  const before = await stageCRuns(machine);

  const points = pointsOf(machine, plan.faults);
  await tellBindings(machine, bindingFaults(plan));
  machine.link.setWeather(weatherOf(plan, points.passed));
  const startMs = performance.now();
  const placed = await placeAll(customer, plan);
  await points.rest();
  machine.link.setWeather(calm);
  const endedMs = performance.now();
  await machine.healthy();
  const healthyMs = performance.now() - endedMs;
  await tellBindings(machine, { seed: 0, bindings: [], deliveries: undefined });

  const runs = (await stageCRuns(machine)) - before;
  const received = () => webhooks.received(account);
  const violations = await checkInvariants({ machine, plan, customer, account, placed, runs, received });
  const requests = placed.reduce((sum, { statuses }) => sum + statuses.length, 0);
  return { violations, requests, ordersMs: endedMs - startMs, healthyMs };
}

/** Orders go out as clients become free. */
async function placeAll(customer: Customer, { orders, clients, seed }: Plan): Promise<readonly Placed[]> {
  const waiting = orders.map((order, index) => ({ order, name: `order-${seed}-${index}` }));
  const placed: Placed[] = [];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        placed.push(await place(customer, next.order, next.name));
      }
    }),
  );
  return placed;
}

/** The faults that come at a point, each once. */
function pointsOf(machine: Machine, faults: readonly Fault[]) {
  const waiting = faults.filter((fault) => "at" in fault).toSorted((a, b) => a.at - b.at);
  const lasting: Promise<void>[] = [];
  let passed = 0;

  async function fillDisk(milliseconds: number): Promise<void> {
    machine.setDiskFull(true);
    await pause(milliseconds);
    machine.setDiskFull(false);
  }

  function strike(fault: (typeof waiting)[number]): void {
    if (fault.kind === "kill") machine.kill(fault.target);
    else if (fault.kind === "clock") machine.moveClock(fault.seconds);
    else lasting.push(fillDisk(fault.milliseconds));
  }

  return {
    async passed() {
      passed += 1;
      const due = waiting.filter(({ at }) => at < passed);
      for (const fault of waiting.splice(0, due.length)) strike(fault);
    },
    /** Those whose point was not reached; settles when all are over. */
    async rest() {
      for (const fault of waiting.splice(0)) strike(fault);
      await Promise.all(lasting);
    },
  };
}

function weatherOf({ seed, faults }: Plan, passed: Weather["passed"]): Weather {
  const random = seededRandom(seed + 1);
  const bad = faults.find((fault) => fault.kind === "network");
  return {
    passed,
    next() {
      const isMet = random() < (bad?.share ?? 0);
      const drawn = random();
      return isMet ? bad?.troubles[Math.floor(drawn * bad.troubles.length)] : undefined;
    },
  };
}

function bindingFaults({ seed, faults }: Plan): BindingFaults {
  return {
    seed,
    bindings: faults.filter((fault) => fault.kind === "binding"),
    deliveries: faults.find((fault) => fault.kind === "deliveries"),
  };
}

async function tellBindings({ url }: Machine, faults: BindingFaults): Promise<void> {
  const answer = await fetch(`${url}/chaos/faults`, { method: "POST", body: JSON.stringify(faults) });
  if (answer.status !== 204) throw new TypeError(`The Worker did not take its faults: ${answer.status}.`);
}

/** Runs of Stage C that ended, since the backend started. */
async function stageCRuns({ backendUrl }: Machine): Promise<number> {
  const text = await (await fetch(`${backendUrl}/metrics`)).text();
  const line = text.split("\n").find((entry) => entry.startsWith("stage_c_runs_total "));
  return Number(line?.split(" ")[1] ?? 0);
}
