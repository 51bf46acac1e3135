export { ApiError } from "./api-error.ts";
export { type CallOptions, type ClientOptions, createClient, type Schemas, type WuerstchenClient } from "./client.ts";
