import type { z } from "zod";
import type { FailureCode } from "../../shared/errors.ts";
import type { DocumentedRouteId } from "../routing/route-table.ts";

/** A schema, or one that is written out because zod cannot say it. With an id it becomes a component of that name. */
export type BodySchema = z.ZodType | WrittenSchema;

/** JSON Schema as it stands in the document. */
export interface WrittenSchema {
  readonly json: object;
  readonly id?: string;
}

/** A parameter of path or query, or a header that the route reads. */
export interface Parameter {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly schema: BodySchema;
  readonly example?: string;
}

/** An answer that is no failure. */
export interface Answer {
  readonly description: string;
  /** Content type → schema; absent: no body. */
  readonly content?: Readonly<Record<string, BodySchema>>;
  /** Header → what it says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the document says of a route beside its method, path and credential, which the route table has. */
export interface Operation {
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  /** Content type → schema. */
  readonly body?: Readonly<Record<string, BodySchema>>;
  /** A body in JSON that works as it stands. */
  readonly example?: object;
  /** Status → answer. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** What can go wrong beside what any route shares: a wrong credential, and a fault of ours. */
  readonly failures: readonly FailureCode[];
}

/** Some operations, by their routes. */
export type Operations = Partial<Readonly<Record<DocumentedRouteId, Operation>>>;

/** A body that is JSON. */
export function jsonBody(schema: BodySchema): Readonly<Record<string, BodySchema>> {
  return { "application/json": schema };
}

/** A body under a name of its own. */
export function named(id: string, { json }: WrittenSchema): WrittenSchema {
  return { id, json };
}

/** Bytes of a media type. */
export function bytesOf(contentMediaType: string) {
  return { type: "string", contentMediaType } as const;
}

/** A picture's bytes. */
export const imageBytes: BodySchema = { json: bytesOf("image/*") };

/** A safetensors file. */
export const latentBytes: BodySchema = { json: bytesOf("application/octet-stream") };

/** 64 hexadecimal characters in the path. */
export function latentIdParameter(name = "id"): Parameter {
  const schema: BodySchema = { json: { type: "string", pattern: "^[0-9a-f]{64}$" } };
  return { in: "path", name, description: "A latent's id, from an answer.", required: true, schema };
}

/** The header that makes a repeat safe. */
export const idempotencyKeyParameter: Parameter = {
  in: "header",
  name: "Idempotency-Key",
  description: "A name for this request: a repeat with the same name and body is charged once.",
  required: false,
  schema: { json: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" } },
};
