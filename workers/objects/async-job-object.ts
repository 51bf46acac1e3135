import { DurableObject } from "cloudflare:workers";
import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { parseEnv } from "../env.ts";
import type { Caller } from "../generation/caller.ts";
import { generateImages } from "../generation/generate-image.ts";
import type { ItemsPage, SeenNews } from "../jobs/client.ts";
import { Job } from "../jobs/job.ts";
import type { JobOrder } from "../jobs/job-record.ts";
import { JobStore } from "../jobs/job-store.ts";
import { describeError } from "../middleware/errors.ts";
import { measureJobRequests } from "../middleware/measure-requests.ts";
import { log, platform } from "../platform.ts";
import { createServices, type Services } from "../services.ts";
import type { WebhookAttempt } from "../webhooks/webhook-attempts.ts";

/**
 * Built once an isolate, whose environment never changes: it holds a tokeniser, and an isolate may hold many objects.
 */
let services: Services | undefined;

/** The Durable Object of one job: `Job`, with a clock, an alarm and the Worker's own way of making pictures. */
export class AsyncJobObject extends DurableObject<unknown> {
  readonly #job: Job;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    const { storage } = state;
    const world = platform();
    const bindings = parseEnv(env);
    services ??= createServices(bindings, world);
    const { generation, accounts, jobs, reportRequest } = services;
    const reports = { reportRequest, log, nowMs: world.nowMs, newId: generation.newReservationId };
    this.#job = new Job({
      log,
      accounts,
      jobs,
      nowMs: world.nowMs,
      timeout: world.timeout,
      store: new JobStore(storage),
      generate: measureJobRequests(reports, (caller: Caller, request: CreateImageRequest) =>
        generateImages(generation, caller, request),
      ),
      setAlarm: (atMs) => void storage.setAlarm(atMs),
      sendWebhook: (message) => bindings.WEBHOOKS.send(message),
      async clear() {
        await storage.deleteAlarm();
        await storage.deleteAll();
      },
    });
  }

  create(order: JobOrder) {
    return this.#job.create(order);
  }

  read(page: ItemsPage) {
    return this.#job.read(page);
  }

  noteWebhook(messageId: string, attempt: WebhookAttempt) {
    this.#job.noteWebhook(messageId, attempt);
  }

  endMessage() {
    return this.#job.endMessage();
  }

  news(seen: SeenNews) {
    return this.#job.news(seen);
  }

  cancel() {
    return this.#job.cancel();
  }

  remove() {
    return this.#job.remove();
  }

  wake() {
    this.#job.wake();
  }

  /** A failure is not the platform's to repeat: it would stop after six times, and the job has set its own alarm. */
  override async alarm(): Promise<void> {
    try {
      await this.#job.advance();
    } catch (error) {
      log({
        event: "job_not_advanced",
        ...describeError(error instanceof Error ? error : new TypeError("not an error")),
      });
    }
  }
}
