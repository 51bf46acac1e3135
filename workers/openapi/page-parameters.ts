import { pageEntriesMax } from "../../shared/limits.ts";
import type { BodySchema, Parameter } from "./operation.ts";

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

/** In which form a list is wanted. */
export const formatParameter: Parameter = {
  in: "query",
  name: "format",
  description: "Takes precedence over `Accept: text/csv`.",
  required: false,
  schema: { json: { type: "string", enum: ["json", "csv"], default: "json" } },
};

/** A page of a list as CSV. */
export const csvBody: BodySchema = {
  json: {
    type: "string",
    contentMediaType: "text/csv",
    description: "RFC 4180 with a header line. The next page is the `link` header with `rel=next`.",
  },
};
