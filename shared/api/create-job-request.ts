import { z } from "zod";
import { type Failure, invalidRequest } from "../errors.ts";
import { modelNotFoundText } from "../failure-to-http.ts";
import { customIdCharactersMax, picturesPerJobMax, requestsPerJobMax, webhookUrlCharactersMax } from "../limits.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { type CreateImageRequest, parseCreateImageRequest } from "./create-image-request.ts";
import { type JobMetadata, jobMetadataSchema } from "./job-metadata.ts";
import { ofDefault, type RequestDefaults, withDefaults } from "./request-defaults.ts";

/** The form of a job's id: chosen by the client, and unique within its account. */
export const jobIdPattern = /^[\w-]{1,64}$/u;

const fieldsSchema = z.record(z.string(), z.unknown());

/** The body of `PUT /v1/jobs/{id}`. Its requests are read one by one, so that the first that is wrong can be named. */
export const createJobBodySchema = z.strictObject({
  defaults: fieldsSchema.default({}).describe("Fields for all requests; each request may override them."),
  requests: z
    .array(fieldsSchema)
    .min(1)
    .max(requestsPerJobMax)
    .describe(
      "Each is a body of `POST /v1/images/generations`, without `response_format` and `image_prompt`. It may have a `custom_id` of 1 to " +
        `${customIdCharactersMax} characters, which no other request of the job has.`,
    ),
  metadata: jobMetadataSchema.optional().describe("Your own names and values: they come back in answers and webhooks."),
  webhook_url: z
    .string()
    .max(webhookUrlCharactersMax)
    .optional()
    .describe("Receives a POST when the job has ended. Public https."),
});

/** One request of a job. */
export interface JobRequest {
  readonly request: CreateImageRequest;
  /** The same as JSON, defaults included: what is kept until it is done. */
  readonly json: string;
  /** Its fields as the client wrote them, the job's defaults included and those of the key left out. */
  readonly written: Readonly<Record<string, unknown>>;
  /** What its sender calls it. */
  readonly customId: string | undefined;
}

/** A checked job. What the model decides about each request is still open, and so is where the webhook leads. */
export interface CreateJobRequest {
  readonly requests: readonly JobRequest[];
  readonly webhookUrl: string | undefined;
  readonly metadata: JobMetadata | undefined;
}

/**
 * Reads the body of `PUT /v1/jobs/{id}`. Fails with `invalid_request` naming the first field that is wrong, in requests
 * as "requests.17.size". The defaults of its key come last, and become part of what is kept.
 */
export function parseCreateJobRequest(json: unknown, ofKey?: RequestDefaults): Result<CreateJobRequest, Failure> {
  const parsed = createJobBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  const { defaults, requests, webhook_url: webhookUrl, metadata } = parsed.data;
  const { response_format: _, ...forJobs } = ofKey ?? {};
  const checked: JobRequest[] = [];
  const customIds = new Set<string>();
  let pictures = 0;
  for (const [index, { custom_id: customId, ...fields }] of requests.entries()) {
    const named = checkCustomId(customId, customIds);
    if (!named.ok) return err(faultOfRequest(index, named.error));
    const written = { ...defaults, ...fields };
    const request = parseRequest(withDefaults(written, forJobs) as typeof fields);
    if (!request.ok) return err(faultOfRequest(index, ofDefault(request.error, written, forJobs)));
    checked.push({ ...request.value, written, customId: named.value });
    pictures += request.value.request.n;
  }
  if (pictures > picturesPerJobMax) {
    const message = `'requests' must ask for at most ${picturesPerJobMax} pictures together. Make several jobs of them.`;
    return err(invalidRequest("requests", message));
  }
  return ok({ requests: checked, webhookUrl, metadata });
}

/** Two results of one name could not be told apart. */
function checkCustomId(value: unknown, taken: Set<string>): Result<string | undefined, Failure> {
  if (value === undefined || value === null) return ok(undefined);
  if (typeof value !== "string" || value === "" || value.length > customIdCharactersMax) {
    return err(
      invalidRequest("custom_id", `'custom_id' must be 1 to ${customIdCharactersMax} characters, or left out.`),
    );
  }
  if (taken.has(value)) {
    return err(invalidRequest("custom_id", "'custom_id' is that of an earlier request. Give each request its own."));
  }
  taken.add(value);
  return ok(value);
}

/** A failure of one request of a job, naming its place. */
export function faultOfRequest(index: number, failure: Failure): Failure {
  const at = `requests.${index}`;
  if (failure.code === "model_not_found") {
    return invalidRequest(`${at}.model`, `${at}: ${modelNotFoundText(failure)}`, failure.available);
  }
  if (failure.code !== "invalid_request") return failure;
  const param = failure.param === null ? at : `${at}.${failure.param}`;
  return { ...failure, param, message: `${at}: ${failure.message}` };
}

/** A job's pictures are always given as links: they outlive the request that asks for them. */
function parseRequest(
  fields: Readonly<Record<string, unknown>>,
): Result<Pick<JobRequest, "request" | "json">, Failure> {
  if (fields["response_format"] === "b64_json") {
    return err(invalidRequest("response_format", "'response_format' must be url in a job, or left out."));
  }
  if (fields["reuse"] === "similar") {
    return err(invalidRequest("reuse", "'reuse' must be prefer or fresh in a job, or left out."));
  }
  if (fields["image_prompt"] !== undefined && fields["image_prompt"] !== null) {
    return err(invalidRequest("image_prompt", "'image_prompt' cannot be used in a job, which keeps no pictures."));
  }
  const request = parseCreateImageRequest({ ...fields, response_format: "url" });
  return request.ok ? ok({ request: request.value, json: JSON.stringify(fields) }) : request;
}
