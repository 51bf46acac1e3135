import type { Context, Handler } from "hono";
import { type CreateJobRequest, jobIdPattern, parseCreateJobRequest } from "../../shared/api/create-job-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { hmacSha256 } from "../../shared/hmac.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Planner } from "../generation/plan-request.ts";
import { createJob, type JobCreators } from "../jobs/create-job.ts";
import { jobCeilingMicroUsd } from "../jobs/price-job.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { edgeLocation } from "../middleware/edge-location.ts";
import { failureResponse } from "../middleware/errors.ts";
import { requestOrigin } from "../middleware/request-origin.ts";
import { limitModels } from "../models/limited-models.ts";
import { checkWebhookUrl, type WebhookRules } from "../webhooks/webhook-url.ts";
import { jobSummary } from "./job-answer.ts";
import { readJson } from "./read-json.ts";

/** What the route needs. */
export interface PutJobServices extends JobCreators {
  readonly generation: Planner & { readonly newReservationId: () => string };
  readonly webhookRules: WebhookRules;
  readonly nowMs: () => number;
}

/**
 * `PUT /v1/jobs/{id}`: creates a job, or finds the one that the same body created: 201 or 200. The most that it can
 * cost is held before it is answered, or 402.
 */
export function putJob(services: PutJobServices): Handler<AppEnv> {
  return async (c) => {
    const jobId = readJobId(c.req.param("id"));
    if (!jobId.ok) return failureResponse(c, jobId.error);
    const job = await readJob(c, services);
    if (!job.ok) return failureResponse(c, job.error);
    const account = c.get("account");
    const models = c.get("models");
    const pricer = { models: limitModels(services.generation.models, models) };
    const ceiling = await jobCeilingMicroUsd(pricer, job.value, c.get("defaults"));
    if (!ceiling.ok) return failureResponse(c, ceiling.error);

    const { webhookUrl, requests, metadata } = job.value;
    const mayShare = c.get("scopes")?.includes("shared_cache") ?? false;
    if (!mayShare && requests.some(({ request }) => request.cacheScope === "shared")) {
      return failureResponse(c, { code: "insufficient_scope", scope: "shared_cache" });
    }
    const created = await createJob(services, {
      account,
      keyId: c.get("keyId"),
      models,
      mayShare,
      location: edgeLocation(c.req.raw),
      origin: requestOrigin(c),
      jobId: jobId.value,
      webhookUrl,
      metadata,
      ceilingMicroUsd: ceiling.value,
      createdMs: services.nowMs(),
      holdId: services.generation.newReservationId(),
      digest: await digestOf(services.generation.latentKeySecret, job.value),
      requests: requests.map(({ json, customId }) => ({ json, customId })),
    });
    if (!created.ok) return failureResponse(c, created.error);
    c.header("cache-control", "no-store");
    c.header("location", `/v1/jobs/${jobId.value}`);
    return c.json(jobSummary(created.value.view), created.value.isNew ? 201 : 200);
  };
}

async function readJob(
  c: Context<AppEnv>,
  { webhookRules }: PutJobServices,
): Promise<Result<CreateJobRequest, Failure>> {
  const json = await readJson(c);
  if (!json.ok) return json;
  const job = parseCreateJobRequest(json.value, c.get("defaults"));
  if (!job.ok || job.value.webhookUrl === undefined) return job;
  const target = checkWebhookUrl(job.value.webhookUrl, webhookRules);
  return target.ok ? job : target;
}

/** Keyed, so that prompts cannot be tried against a stored digest. */
async function digestOf(secret: string, { webhookUrl, requests, metadata }: CreateJobRequest): Promise<string> {
  const isNamed = requests.some(({ customId }) => customId !== undefined);
  const customIds = isNamed ? requests.map(({ customId }) => customId) : undefined;
  const body = JSON.stringify({ webhookUrl, requests: requests.map(({ request }) => request), metadata, customIds });
  return toHex(await hmacSha256(secret, `job\nv1\n${body}`));
}

function readJobId(id: string | undefined): Result<string, Failure> {
  if (id !== undefined && jobIdPattern.test(id)) return ok(id);
  return err(invalidRequest("id", "'id' must be 1 to 64 characters of A–Z a–z 0–9 _ and -. Put it into the path."));
}
