import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import type { BodySchema } from "./operation.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const componentPath = "#/components/schemas/";

/** The named schemas of a document. Each stands once, so that generators of clients give its type one readable name. */
export class SchemaComponents {
  readonly #schemas = new Map<string, JsonObject>();

  /**
   * JSON Schema of `schema`: a reference if it has an id, else written out with references to the named ones within.
   */
  schemaOf(schema: BodySchema, io: "input" | "output"): object {
    if (!(schema instanceof z.ZodType)) {
      const { id, json } = schema;
      return id === undefined ? json : this.#add(id, { ...json });
    }
    const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any", override: plain });
    for (const [id, definition] of Object.entries($defs)) this.#add(id, definition);
    return toComponents(json);
  }

  /** Every named schema so far, by its name. */
  all(): object {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Stores a schema and returns a reference to it. Throws if the name stands for another schema already. */
  #add(id: string, json: JsonObject): object {
    const added = toComponents(json);
    const present = this.#schemas.get(id);
    if (present !== undefined && JSON.stringify(present) !== JSON.stringify(added)) {
      throw new AppError(`Two schemas of the API document have the name ${id}.`);
    }
    this.#schemas.set(id, added);
    return { $ref: componentPath + id };
  }
}

/**
 * What cannot be changed in our code is not what OpenAPI calls read-only. An optional constant `true` becomes invalid
 * code in openapi-python-client; a list of one value means the same.
 */
function plain({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.readOnly;
  if (jsonSchema.const !== true) return;
  delete jsonSchema.const;
  jsonSchema.enum = [true];
}

/** Moves references from a schema's own definitions to the document's components. */
function toComponents(json: JsonObject): JsonObject {
  const text = JSON.stringify(json).replaceAll('"$ref":"#/$defs/', `"$ref":"${componentPath}`);
  // What was an object is one again.
  return JSON.parse(text) as JsonObject;
}
