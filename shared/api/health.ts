import { z } from "zod";

const healthSchema = z.object({
  /** "starting": alive, but the model is not loaded yet. */
  status: z.enum(["ready", "starting"]),
  model: z.string(),
  revision: z.string(),
});

/** The body of `GET /health`, of the edge and of the GPU backend alike. */
export type Health = z.infer<typeof healthSchema>;

/** Reads another part's health; undefined when the answer is not one. */
export function parseHealth(json: unknown): Health | undefined {
  return healthSchema.safeParse(json).data;
}

/** The edge's answer: overall status, and that of each part. The edge is ready when it can answer at all. */
export const edgeHealthSchema = healthSchema
  .extend({
    parts: z
      .object({
        edge: z.literal("ready"),
        backend: z
          .enum(["ready", "starting", "unreachable", "other_model"])
          .describe("other_model: the backend has another bundle or revision than the edge."),
      })
      .readonly(),
  })
  .readonly()
  .meta({ id: "Health" });

/** The body of `GET /v1/health`. */
export type EdgeHealth = z.infer<typeof edgeHealthSchema>;
