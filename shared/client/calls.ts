import type { Client } from "openapi-fetch";
import { ApiError } from "./api-error.ts";
import type { components, paths } from "./api-types.ts";

/** The API's types by the names in its document, such as `Schemas["Image"]`. */
export type Schemas = components["schemas"];

/** Calls whose answers are read as JSON unless they say otherwise. */
export type Http = Client<paths, "application/json">;

/** Of one call: its `signal` aborts the request, and the service then charges only what ran. */
export type CallOptions = Readonly<Pick<RequestInit, "signal">>;

/** Of a list: `limit` is the most entries of one page, not of the list. */
export interface ListOptions extends CallOptions {
  readonly limit?: number;
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** The data of an answer. Rejects with `ApiError` on a refusal. */
export async function answerOf<Data>(call: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  const { data, error, response } = await call;
  if (!response.ok || data === undefined || data === null) throw new ApiError(error, response);
  return data;
}

interface Page<Item> {
  readonly data: readonly Item[];
  readonly next_cursor: string | null;
}

/** The entries of all pages, in order. Requests a page when the loop reaches it. */
export async function* entriesOf<Item>(
  page: (cursor: { readonly cursor?: string }) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { data, next_cursor } = await page(cursor === undefined ? {} : { cursor });
    yield* data;
    cursor = next_cursor;
  }
}

/** A page's bound as a query. */
export function limited(limit: number | undefined): { readonly limit?: number } {
  return limit === undefined ? {} : { limit };
}
