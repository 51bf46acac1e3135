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
