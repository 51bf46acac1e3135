import { z } from "zod";

const healthSchema = z.object({
  /** "starting": alive, but the model is not loaded yet. */
  status: z.enum(["ready", "starting"]),
  model: z.string(),
  revision: z.string(),
});

const backendHealthSchema = healthSchema.extend({
  /** Absent in the answers of 0.1. */
  tasks: z.object({ waiting: z.int().min(0), running: z.int().min(0) }).optional(),
  /**
   * All that it can load, the one of `model` and `revision` first. `warm`: it is loaded. Absent in answers of 0.1,
   * whose backends hold that one alone.
   */
  models: z.array(z.object({ model: z.string(), revision: z.string(), warm: z.boolean() })).optional(),
});

/** The body of a GPU backend's `GET /health`. */
export type Health = z.infer<typeof backendHealthSchema>;

/** Reads another part's health; undefined when the answer is not one. */
export function parseHealth(json: unknown): Health | undefined {
  return backendHealthSchema.safeParse(json).data;
}

/** How a backend stands to the edge that asks it. */
export const backendStatusSchema = z
  .enum(["ready", "starting", "unreachable", "other_model"])
  .describe("other_model: the backend does not hold the edge's default model in its revision.");

/** The edge's answer: overall status, and that of each part. The edge is ready when it can answer at all. */
export const edgeHealthSchema = healthSchema
  .extend({
    parts: z
      .object({
        edge: z.literal("ready"),
        backend: backendStatusSchema,
      })
      .readonly(),
  })
  .readonly()
  .meta({ id: "Health" });

/** The body of `GET /v1/health`. */
export type EdgeHealth = z.infer<typeof edgeHealthSchema>;
