import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { ImagesResponse } from "../../shared/api/images-response.ts";
import type { JobAnswer } from "../../shared/api/job.ts";
import { type Answer, ask, type Client, readEvents, sendAndReset } from "./client.ts";
import type { Order } from "./plan.ts";

/** A client gives up after so long: a stack that was killed is back long before. */
const patienceMs = 150_000;

const backoffMs = { first: 30, max: 500 };

/** What a client that leaves waits before it resets its connection. */
const resetMs = 60;

const generations = "/v1/images/generations";

/** Pictures that a client got, and what it was told that they cost. */
export interface Delivery {
  /**
   * What each answer was charged: more than one where a repeat needed another decode, since the edge lost the picture.
   */
  readonly charges: ReadonlySet<number>;
  /** A digest of each picture's file, in the order of the answer. */
  readonly pictures: readonly string[];
  readonly latentIds: readonly string[];
}

/** An order, and what came of it. */
export interface Placed {
  readonly order: Order;
  readonly name: string;
  /** Every status that the client saw; 0: no whole answer. */
  readonly statuses: number[];
  delivery?: Delivery;
  job?: JobAnswer;
  /** For who left: the most that may be charged. */
  ceilingMicroUsd?: number;
  /** Answers after which a client rightly gives up. */
  readonly refusals: string[];
}

/** A client's account, and where it is told that a job has ended. */
export interface Customer extends Client {
  readonly webhookUrl: string;
}

/** Does what a patient client does for an order: it asks until it has what it wants. */
export async function place(customer: Customer, order: Order, name: string): Promise<Placed> {
  const placed: Placed = { order, name, statuses: [], refusals: [] };
  switch (order.kind) {
    case "picture":
      await Promise.all(Array.from({ length: order.copies }, () => untilDelivered(customer, placed)));
      return placed;
    case "stream":
      await untilDelivered(customer, placed);
      return placed;
    case "leaver":
      await leave(customer, placed);
      return placed;
    case "job":
      await untilEnded(customer, placed, order);
      return placed;
  }
}

/** Asks for the same once more. Its answer is noted like those before. */
export async function repeat(customer: Customer, placed: Placed): Promise<void> {
  await untilDelivered(customer, placed);
}

async function untilDelivered(customer: Customer, placed: Placed): Promise<void> {
  await untilDone(placed, () => (placed.order.kind === "stream" ? streamOnce : askOnce)(customer, placed));
}

/** Calls until it says that it is done, a client's pauses in between. */
async function untilDone(placed: Placed, attempt: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (let waitMs = backoffMs.first; !(await attempt()); waitMs = Math.min(2 * waitMs, backoffMs.max)) {
    if (placed.refusals.length > 0) return;
    if (performance.now() >= deadlineMs) return void placed.refusals.push(`nothing after ${patienceMs / 1_000} s`);
    await pause(waitMs);
  }
}

async function askOnce(customer: Customer, placed: Placed): Promise<boolean> {
  const answer = await ask(customer, generations, {
    method: "POST",
    body: wishOf(placed.order),
    idempotencyKey: placed.name,
  });
  note(placed, answer);
  if (answer?.status !== 200) return false;
  // The schema's own tests hold that a 200 has this body.
  const { data, usage } = answer.body as ImagesResponse;
  const files = data.map((item) => ("b64_json" in item ? item.b64_json : item.url));
  deliver(placed, { files, latentIds: data.map(({ latent_id }) => latent_id), microUsd: usage.cost.micro_usd });
  return true;
}

/** The fields of a finished picture's event that count here. */
interface Completed {
  readonly type: string;
  readonly b64_json: string;
  readonly latent_id: string;
  readonly usage: ImagesResponse["usage"];
}

async function streamOnce(customer: Customer, placed: Placed): Promise<boolean> {
  const body = { ...wishOf(placed.order), stream: true, partial_images: 1 };
  const sent = { path: generations, method: "POST", body, idempotencyKey: placed.name } as const;
  const { status, events } = await readEvents(customer, sent, () => false);
  const [first] = events;
  note(placed, status === undefined ? undefined : { status, headers: new Headers(), body: first });
  const completed = (events as readonly Completed[]).filter(({ type }) => type === "image_generation.completed");
  if (completed.length < wishedPictures(placed.order)) return false;
  deliver(placed, {
    files: completed.map(({ b64_json }) => b64_json),
    latentIds: completed.map(({ latent_id }) => latent_id),
    microUsd: completed.reduce((sum, { usage }) => sum + usage.cost.micro_usd, 0),
  });
  return true;
}

async function leave(customer: Customer, placed: Placed): Promise<void> {
  const body = wishOf(placed.order);
  const quote = await untilAnswered(customer, placed, body);
  placed.ceilingMicroUsd = quote;
  if (placed.order.kind === "leaver" && placed.order.how === "reset") {
    return sendAndReset(customer, generations, body, resetMs);
  }
  const sent = { path: generations, method: "POST", body: { ...body, stream: true, partial_images: 3 } } as const;
  await readEvents(customer, sent, () => true);
}

async function untilAnswered(customer: Customer, placed: Placed, body: object): Promise<number> {
  let ceiling = 0;
  await untilDone(placed, async () => {
    const answer = await ask(customer, "/v1/quotes", { method: "POST", body });
    note(placed, answer);
    if (answer?.status !== 200) return false;
    ceiling = (answer.body as { readonly ceiling_micro_usd: number }).ceiling_micro_usd;
    return true;
  });
  return ceiling;
}

async function untilEnded(customer: Customer, placed: Placed, order: Extract<Order, { kind: "job" }>): Promise<void> {
  const path = `/v1/jobs/${placed.name}`;
  const requests = order.seeds.map((seed) => ({ prompt: "pear", seed, steps: 4 }));
  const body = { requests, webhook_url: customer.webhookUrl };
  await untilDone(placed, async () => {
    const answer = await ask(customer, path, { method: "PUT", body });
    note(placed, answer);
    return answer !== undefined && answer.status < 300;
  });
  if (order.isCancelled) {
    await untilDone(placed, async () => {
      const answer = await ask(customer, `${path}/cancel`, { method: "POST" });
      note(placed, answer);
      return answer !== undefined && answer.status < 300;
    });
  }
  await untilDone(placed, async () => {
    const answer = await ask(customer, path);
    note(placed, answer);
    if (answer?.status !== 200) return false;
    const job = answer.body as JobAnswer;
    if (job.ended === null) return false;
    placed.job = job;
    return true;
  });
}

/** Statuses after which a client asks again: the service's own, and those that say so. */
function mayAskAgain(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

function note({ statuses, refusals }: Placed, answer: Answer | undefined): void {
  statuses.push(answer?.status ?? 0);
  if (answer === undefined || answer.status < 300 || mayAskAgain(answer.status)) return;
  refusals.push(`refused with ${answer.status} ${JSON.stringify(answer.body)}`);
}

function deliver(
  placed: Placed,
  {
    files,
    latentIds,
    microUsd,
  }: { readonly files: readonly string[]; readonly latentIds: readonly string[]; readonly microUsd: number },
): void {
  const pictures = files.map((file) => createHash("sha256").update(file).digest("hex"));
  const before = placed.delivery;
  if (before !== undefined && !isSame(before, { pictures, latentIds })) {
    placed.refusals.push(`two answers differ: ${JSON.stringify([before, { pictures, latentIds }])}`);
  }
  placed.delivery = { pictures, latentIds, ...before, charges: new Set([...(before?.charges ?? []), microUsd]) };
}

/** Whether two answers show the same pictures of the same latents. */
function isSame(one: Omit<Delivery, "charges">, other: Omit<Delivery, "charges">): boolean {
  const told = ({ pictures, latentIds }: Omit<Delivery, "charges">) => JSON.stringify([pictures, latentIds]);
  return told(one) === told(other);
}

function wishedPictures(order: Order): number {
  return order.kind === "job" ? order.seeds.length : order.n;
}

function wishOf(order: Order): object {
  if (order.kind === "job") return {};
  const { n, steps, seed } = order;
  return { prompt: "apple", n, steps, ...(seed === undefined ? { reuse: "fresh" } : { seed }) };
}
