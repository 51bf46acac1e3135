import { failureToHttp } from "../shared/failure-to-http.ts";
import { createApp } from "./app.ts";
import { parseEnv, type WorkerEnv } from "./env.ts";
import { describeError } from "./middleware/errors.ts";
import { advanceRollOuts } from "./models/watch-roll-outs.ts";
import { meterUsage } from "./payments/meter-usage.ts";
import { log, platform } from "./platform.ts";
import { createServices, type Services } from "./services.ts";
import { createMeter } from "./stripe-services.ts";
import { parseRequestEvent } from "./usage/request-event.ts";
import { forgetCounted, recordRequests } from "./usage/request-table.ts";
import { parseUsageEvent } from "./usage/usage-event.ts";
import { recordUsage } from "./usage/usage-table.ts";
import { consumeWebhooks } from "./webhooks/consume-webhooks.ts";

export { AccountJobsObject } from "./objects/account-jobs-object.ts";
export { AccountLedgerObject } from "./objects/account-ledger-object.ts";
export { AsyncJobObject } from "./objects/async-job-object.ts";
export { DecodeJobObject } from "./objects/decode-job-object.ts";
export { ImageReadsEntrypoint } from "./objects/image-reads-entrypoint.ts";
export { LatentJobObject } from "./objects/latent-job-object.ts";

/** The queue of messages to clients, as wrangler.toml names it; the other one holds usage. */
const webhooksQueue = "wuerstchen-webhooks";

/** The cron that has nothing but roll-outs to look after, as wrangler.toml names it. */
const rollOutsCron = "*/5 * * * *";

type App = ReturnType<typeof createApp>;

/** Built at the first request of an isolate, whose environment never changes. */
let app: App | undefined;

export default {
  async fetch(request, env, context): Promise<Response> {
    try {
      app ??= createApp(createServices(parseEnv(env), platform()));
    } catch (error) {
      return misconfigured(error);
    }
    return app.fetch(request, env, context);
  },

  /** A failed batch is delivered again. A message that is not our event goes to the dead letter queue. */
  async queue(batch, env): Promise<void> {
    if (batch.queue === webhooksQueue) {
      return consumeWebhooks(createServices(parseEnv(env), platform()).webhookDelivery, batch.messages);
    }
    const read = batch.messages.map((message) => {
      return { message, event: parseUsageEvent(message.body), request: parseRequestEvent(message.body) };
    });
    for (const { message, event, request } of read) if (event === undefined && request === undefined) message.retry();
    const events = read.flatMap(({ event }) => event ?? []);
    const checked = parseEnv(env);
    await recordUsage(checked.USAGE, events);
    await recordRequests(
      checked.USAGE,
      read.flatMap(({ request }) => request ?? []),
    );
    const meter = createMeter(checked);
    if (meter === undefined) return;
    const notes = { database: checked.USAGE, nowMs: platform().nowMs };
    const failed = await meterUsage(meter, notes, events);
    for (const { message, event } of read) if (event !== undefined && failed.has(event.id)) message.retry();
  },

  /** Hourly, and every few minutes for roll-outs alone; see wrangler.toml. Neither keeps the other from its work. */
  async scheduled({ cron }, env): Promise<void> {
    const checked = parseEnv(env);
    const services = createServices(checked, platform());
    const work = [judgeRollOuts(services), ...(cron === rollOutsCron ? [] : [compareBooks(checked, services)])];
    for (const ended of await Promise.allSettled(work)) if (ended.status === "rejected") throw ended.reason;
  },
} satisfies ExportedHandler;

async function judgeRollOuts(services: Services): Promise<void> {
  const verdicts = await advanceRollOuts(services);
  if (verdicts.length > 0) log({ event: "roll_outs_judged", verdicts: verdicts.join() });
}

async function compareBooks({ USAGE }: WorkerEnv, services: Services): Promise<void> {
  await forgetCounted(USAGE, services.nowMs());
  const { unrepaired, ...found } = await services.reconcile();
  log({ event: "reconciled", ...found, unrepaired: unrepaired.length });
}

/** What is missing is for the operator's log only. */
function misconfigured(error: unknown): Response {
  if (error instanceof Error) log({ event: "misconfigured", ...describeError(error) });
  const { status, body, headers } = failureToHttp({ code: "internal" });
  return Response.json(body, { status, headers });
}
