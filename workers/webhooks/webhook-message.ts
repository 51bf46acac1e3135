import { z } from "zod";
import { jobStateSchema } from "../../shared/api/job.ts";
import { jobMetadataSchema } from "../../shared/api/job-metadata.ts";

const messageSchema = z.object({
  /** Unique, and the same at every delivery, so that a receiver can detect a repeat. */
  id: z.string().min(1),
  account: z.string().min(1),
  url: z.string().min(1),
  jobId: z.string().min(1),
  state: jobStateSchema,
  /** When the job ended: Unix milliseconds. */
  atMs: z.int(),
  metadata: jobMetadataSchema.optional(),
  /** Of its requests in their order, null for one without; absent for many requests. */
  customIds: z.array(z.string().nullable()).readonly().optional(),
});

/** One message to a client's webhook, as it waits in the queue: delivered at least once. It never holds a prompt. */
export type WebhookMessage = z.infer<typeof messageSchema>;

/** Reads a queued message; undefined when it is not one. */
export function parseWebhookMessage(json: unknown): WebhookMessage | undefined {
  return messageSchema.safeParse(json).data;
}

/** The body that is sent. */
export function webhookBody({ jobId, state, atMs, metadata, customIds }: WebhookMessage): string {
  return JSON.stringify({
    type: `job.${state}`,
    timestamp: new Date(atMs).toISOString(),
    data: { object: "job", id: jobId, state, metadata, custom_ids: customIds },
  });
}
