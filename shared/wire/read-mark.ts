import { z } from "zod";
import type { Failure } from "../errors.ts";
import { markBits } from "../models/mark.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { queryWithTerms, type TaskTerms, taskTermsParameters } from "./task-terms.ts";

/** Where the backend looks for a bundle's mark in a picture: POST, a PNG, JPEG or WebP file in, JSON out. */
export const readMarkPath = "/read-mark";

const querySchema = z.strictObject({
  model: z.string().min(1).max(128),
  revision: z.string().min(1).max(128),
  ...taskTermsParameters,
});

/** Whose mark is looked for. */
export interface ReadMarkRequest extends TaskTerms {
  readonly model: string;
  readonly revision: string;
}

const responseSchema = z.object({
  /** Bits of the message that the best reading agrees with. Half of them agree by chance. */
  matches: z.int().min(0).max(markBits),
});

/** How much of the mark there is. */
export type ReadMarkResponse = z.infer<typeof responseSchema>;

/** The path and query of a request, the one spelling that both sides sign. */
export function readMarkTarget({ model, revision, ...terms }: ReadMarkRequest): string {
  return `${readMarkPath}?${queryWithTerms({ model, revision }, terms)}`;
}

/** Reads the query's parameters. Fails with `invalid_request` naming the parameter. */
export function parseReadMarkQuery(query: Readonly<Record<string, string>>): Result<ReadMarkRequest, Failure> {
  const parsed = querySchema.safeParse(query);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, query));
}

/** The edge's reading of an answer. Fails with `backend_failed`. */
export function parseReadMarkResponse(json: unknown): Result<ReadMarkResponse, Failure> {
  const { data } = responseSchema.safeParse(json);
  return data === undefined ? err({ code: "backend_failed" }) : ok(data);
}
