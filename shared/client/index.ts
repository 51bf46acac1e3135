export { ApiError } from "./api-error.ts";
export type { CallOptions, ListOptions, Schemas } from "./calls.ts";
export { type ClientOptions, createClient, type WuerstchenClient } from "./client.ts";
export type { StepReport, StreamOptions } from "./image-stream.ts";
export type { JobEntry } from "./job-calls.ts";
export type { LatentEntry } from "./latent-calls.ts";
