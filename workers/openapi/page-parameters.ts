import { pageEntriesMax } from "../../shared/limits.ts";
import type { Parameter } from "./operation.ts";

/** Which stretch of a list is wanted. */
export const pageParameters: readonly Parameter[] = [
  {
    in: "query",
    name: "limit",
    description: "The most entries of a page.",
    required: false,
    schema: { json: { type: "integer", minimum: 1, maximum: pageEntriesMax, default: 100 } },
  },
  {
    in: "query",
    name: "cursor",
    description: "A `next_cursor`.",
    required: false,
    schema: { json: { type: "string", pattern: "^[0-9]{1,15}$" } },
  },
];
