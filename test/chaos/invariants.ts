import { setTimeout as pause } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import type { JobAnswer } from "../../shared/api/job.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import type { UsageList } from "../../shared/api/usage.ts";
import type { WebhookSecretResponse } from "../../shared/api/webhook-secret.ts";
import { storedBooks } from "../support/stored-books.ts";
import { type Answer, ask, type Client, type Sent } from "./client.ts";
import type { Machine } from "./machine.ts";
import { type Customer, type Placed, repeat } from "./orders.ts";
import type { Plan } from "./plan.ts";
import type { ReceivedWebhook } from "./webhooks.ts";

/** For what takes its course by itself once the faults are over, on a machine that is busy with other work. */
const courseMsMax = 60_000;

/**
 * What is held for a request that nobody answers any more may stay so long before its reservation's end is looked at.
 */
const heldMsMax = 2_000;

/** Past the end of a reservation; past the time after which a settlement is reconciled. */
const reservationSeconds = 16 * 60;
const settlingSeconds = 6 * 60;

const pollMs = 100;

/** What is looked at after a scenario. */
export interface Aftermath {
  readonly machine: Machine;
  readonly plan: Plan;
  readonly customer: Customer;
  readonly account: string;
  readonly placed: readonly Placed[];
  /** Runs of Stage C that the backend has counted meanwhile. */
  readonly runs: number;
  readonly received: () => readonly ReceivedWebhook[];
}

/** Every invariant that does not hold, in a sentence. All is seen from outside, but for the books on disk. */
export async function checkInvariants(aftermath: Aftermath): Promise<readonly string[]> {
  return [
    ...(await checkDeliveries(aftermath)),
    ...checkStatuses(aftermath),
    ...checkRuns(aftermath),
    ...(await checkWebhooks(aftermath)),
    ...(await checkMoney(aftermath)),
    ...checkBooks(aftermath),
  ];
}

/** Each order has what it asked for, once and for all, and it can be fetched. */
async function checkDeliveries(aftermath: Aftermath): Promise<readonly string[]> {
  const found: string[] = [];
  for (const order of aftermath.placed) {
    const { job } = order;
    const faults = await (job === undefined ? checkDelivery(aftermath, order) : checkJob(aftermath.customer, job));
    const all = [...order.refusals, ...faults];
    found.push(...all.map((text) => `${order.name} (${order.order.kind}; saw ${order.statuses.join(" ")}): ${text}`));
  }
  return found;
}

async function checkDelivery({ plan, customer }: Aftermath, placed: Placed): Promise<readonly string[]> {
  if (placed.order.kind === "leaver") return [];
  if (placed.delivery === undefined) return ["was not delivered"];
  await repeat(customer, placed);
  const { charges, latentIds } = placed.delivery;
  const isWrong = charges.size > 1 && !mayLosePictures(plan);
  const differs = isWrong ? [`was charged ${[...charges].join(" and ")} micro-USD`] : [];
  return [
    ...differs,
    ...(await unfetched(
      customer,
      latentIds.map((id) => `/v1/latents/${id}`),
    )),
  ];
}

/** Whether the edge's cache may have lost a picture: a repeat has it decoded again, and is charged that. */
function mayLosePictures({ faults }: Plan): boolean {
  return faults.some(
    (fault) =>
      fault.kind === "disk" ||
      (fault.kind === "kill" && (fault.target === "edge" || fault.target === "start")) ||
      (fault.kind === "binding" && fault.binding === "cache"),
  );
}

/** What is charged is there; what is not there is not charged. */
async function checkJob(customer: Customer, { id }: JobAnswer): Promise<readonly string[]> {
  // Read again: the clock may have passed the end of the links that it had.
  const job = (await mustAnswer(customer, `/v1/jobs/${id}`)).body as JobAnswer;
  const results = job.results.data;
  const sum = results.reduce((total, { micro_usd }) => total + (micro_usd ?? 0), 0);
  const links = results.flatMap(({ data = [] }) => data.flatMap((item) => ("url" in item ? new URL(item.url) : [])));
  const isWhole = results.every(({ state, data = [] }) => (state === "succeeded") === data.length > 0);
  return [
    ...(job.cost.micro_usd === sum || job.state === "cancelled"
      ? []
      : [`costs ${job.cost.micro_usd}, its results ${sum}`]),
    ...(isWhole ? [] : [`a result without its picture, or a picture without success: ${JSON.stringify(results)}`]),
    ...(await unfetched(
      customer,
      links.map(({ pathname, search }) => `${pathname}${search}`),
    )),
  ];
}

async function unfetched({ url, credential }: Client, paths: readonly string[]): Promise<readonly string[]> {
  const headers = { authorization: `Bearer ${credential}` };
  const statuses = await Promise.all(
    paths.map(async (path) => {
      const answer = await fetch(`${url}${path}`, { headers });
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  return statuses.flatMap((status, index) => (status === 200 ? [] : [`${paths[index]} is answered ${status}`]));
}

/** A failure of ours is none of the platform's, and a client is never told 503: see `failureToHttp`. */
function checkStatuses({ plan, placed }: Aftermath): readonly string[] {
  const mayBeInternal = plan.faults.some(({ kind }) => kind === "binding" || kind === "disk" || kind === "kill");
  const wrong = placed.filter(({ statuses }) => statuses.includes(503) || (!mayBeInternal && statuses.includes(500)));
  return wrong.map(({ name, statuses }) => `${name} was answered ${statuses.join(" ")}`);
}

/** One run a latent, while the backend lives that counts them. */
function checkRuns({ plan, placed, runs }: Aftermath): readonly string[] {
  const isCounterLost = plan.faults.some(
    (fault) => fault.kind === "kill" && (fault.target === "backend" || fault.target === "start"),
  );
  if (isCounterLost) return [];
  const latents = new Set(placed.flatMap(latentsOf));
  const unnamed = placed.reduce((sum, order) => sum + unnamedRuns(order), 0);
  const max = latents.size + unnamed;
  return runs <= max ? [] : [`Stage C ran ${runs} times for ${latents.size} latents and ${unnamed} that nobody got`];
}

function latentsOf({ delivery, job }: Placed): readonly string[] {
  const ofJob = job?.results.data.flatMap(({ data = [] }) => data.map(({ latent_id }) => latent_id)) ?? [];
  return [...(delivery?.latentIds ?? []), ...ofJob];
}

/** What may have been made and is in no answer: for who left, for what failed, and for seeds that a failure gave up. */
function unnamedRuns({ order, statuses, job }: Placed): number {
  if (order.kind === "leaver") return order.n;
  if (order.kind === "job") return order.seeds.length - (job?.progress.succeeded ?? 0);
  return order.seed === undefined ? (statuses.length - 1) * order.n : 0;
}

/** A receiver hears of each job at least once, by messages that we signed and that are true. */
async function checkWebhooks({ machine, plan, customer, placed, received }: Aftermath): Promise<readonly string[]> {
  const jobs = placed.flatMap(({ job }) => job ?? []);
  if (jobs.length === 0) return [];
  const isTold = ({ id }: JobAnswer) => received().some(({ body }) => idOf(body) === id);
  // The simulator's queue is in memory: what ends the edge takes its messages along, which the platform's would keep.
  const mayBeLost = plan.faults.some(
    (fault) =>
      (fault.kind === "kill" && fault.target !== "lane") ||
      (fault.kind === "deliveries" && fault.troubles.includes("dropped")) ||
      fault.kind === "disk",
  );
  if (!mayBeLost) await eventually(() => jobs.every(isTold));
  const untold = mayBeLost
    ? []
    : jobs.filter((job) => !isTold(job)).map(({ id }) => `nobody was told that ${id} ended`);
  const { secret } = (await mustAnswer(customer, "/v1/webhooks/secret")).body as WebhookSecretResponse;
  const wrong = received().filter((webhook) => !isSigned(secret, webhook) || !isTrue(jobs, webhook));
  const late = Math.abs(machine.clockSeconds());
  return [...untold, ...wrong.map(({ body }) => `a webhook is not signed or not true (clock at ${late} s): ${body}`)];
}

function idOf(body: string): string | undefined {
  return (JSON.parse(body) as { readonly data?: { readonly id?: string } }).data?.id;
}

/** By the scheme's library; it cannot verify under a shifted clock, so it signs again. */
function isSigned(secret: string, { headers, body }: ReceivedWebhook): boolean {
  const at = new Date(Number(headers["webhook-timestamp"]) * 1_000);
  const signature = new Webhook(secret).sign(headers["webhook-id"] ?? "", at, body);
  return headers["webhook-signature"]?.split(" ").includes(signature) === true;
}

function isTrue(jobs: readonly JobAnswer[], { body }: ReceivedWebhook): boolean {
  const { data } = JSON.parse(body) as { readonly data: { readonly id: string; readonly state: string } };
  return jobs.some(({ id, state }) => id === data.id && state === data.state);
}

/** Nothing is held past its time; what was delivered is charged, and nothing else; the usage table agrees. */
async function checkMoney(aftermath: Aftermath): Promise<readonly string[]> {
  const { machine, customer, placed, plan } = aftermath;
  const expirySeconds = reservationSeconds + secondsBack(plan);
  const balance = async () => (await mustAnswer(customer, "/v1/balance")).body as BalanceResponse;
  const isFree = async () => (await balance()).held_micro_usd === 0;
  if (!(await eventually(isFree, heldMsMax))) {
    machine.moveClock(expirySeconds);
    // The simulator waits for alarms by another clock, which does not move; a new process looks at the time.
    machine.kill("edge");
    await machine.healthy();
    await eventually(isFree);
  }
  const { held_micro_usd: held, spent_micro_usd: spent } = await balance();
  const [min, max] = chargesOf(placed);
  return [
    ...(held === 0 ? [] : [`${held} micro-USD are held ${expirySeconds} s later`]),
    ...(spent >= min && spent <= max ? [] : [`${spent} micro-USD were charged, and not ${min} to ${max}`]),
    ...(await checkUsage(aftermath, spent)),
  ];
}

/** How far the clock was set back: what was due by then is due so much later. */
function secondsBack({ faults }: Plan): number {
  return faults.reduce((sum, fault) => sum + (fault.kind === "clock" ? Math.max(0, -fault.seconds) : 0), 0);
}

/** What may be charged in all: more than for what was delivered only for who left, up to what they asked for. */
function chargesOf(placed: readonly Placed[]): readonly [number, number] {
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
  const min = sum(placed.flatMap(({ delivery, job }) => [...(delivery?.charges ?? [job?.cost.micro_usd ?? 0])]));
  return [min, min + sum(placed.map(({ ceilingMicroUsd = 0 }) => ceilingMicroUsd))];
}

async function checkUsage({ machine, customer }: Aftermath, spent: number): Promise<readonly string[]> {
  machine.moveClock(settlingSeconds);
  const operator = { url: machine.url, credential: machine.adminSecret };
  const answer = await mustAnswer(operator, "/v1/admin/reconciliations", { method: "POST" });
  const { unrepaired } = answer.body as { readonly unrepaired: readonly string[] };
  const reported = await reportedMicroUsd(customer);
  return [
    ...(unrepaired.length === 0 ? [] : [`reconciliation could not repair ${unrepaired.join(", ")}`]),
    ...(reported === spent ? [] : [`${reported} micro-USD are reported, and ${spent} were charged`]),
  ];
}

async function reportedMicroUsd(customer: Client): Promise<number> {
  let sum = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "" : `?cursor=${cursor}`;
    const list = (await mustAnswer(customer, `/v1/usage${query}`)).body as UsageList;
    sum += list.data.reduce((total, { micro_usd }) => total + micro_usd, 0);
    cursor = list.next_cursor;
  }
  return sum;
}

/** Entries are the balances: of every account, as they are on disk. */
function checkBooks({ machine }: Aftermath): readonly string[] {
  return storedBooks(machine.storage).flatMap((book) => {
    const [balances, sums] = [amounts(book.balances), amounts(book.sums)];
    const isBalanced = [...balances].every(([bucket, amount]) => amount === (sums.get(bucket) ?? 0));
    return isBalanced && Number(book.total) === 0 ? [] : [`entries and balances differ: ${JSON.stringify(book)}`];
  });
}

/** Of a table with a row for each bucket. */
function amounts(rows: unknown): ReadonlyMap<string, number> {
  const read = rows as readonly { readonly bucket: string; readonly micro_usd: number }[];
  return new Map(read.map(({ bucket, micro_usd }) => [bucket, micro_usd]));
}

/** Calls until it is true, or a bound has passed; false then. */
async function eventually(holds: () => boolean | Promise<boolean>, msMax = courseMsMax): Promise<boolean> {
  const deadlineMs = performance.now() + msMax;
  while (!(await holds())) {
    if (performance.now() >= deadlineMs) return false;
    await pause(pollMs);
  }
  return true;
}

/** The faults are over: an answer that is not one soon is a fault of ours. */
async function mustAnswer(client: Client, path: string, sent: Sent = {}): Promise<Answer> {
  let answer: Answer | undefined;
  const isAnswered = await eventually(async () => {
    answer = await ask(client, path, sent);
    return answer !== undefined && answer.status < 400;
  });
  if (answer === undefined || !isAnswered) throw new TypeError(`${path} is answered ${answer?.status ?? "nothing"}.`);
  return answer;
}
