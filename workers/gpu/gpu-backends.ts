import { z } from "zod";
import { type Region, regions } from "./region.ts";

/** What our own requests say for themselves, and what only the platform may say. */
const reservedHeaders = /^(?:x-wuerstchen-.*|content-.*|host|connection|transfer-encoding|traceparent)$/u;

const backendSchema = z.strictObject({
  /** Without a path. */
  url: z.url({ protocol: /^https?$/u, error: "must be an http(s) URL" }).transform((url) => url.replace(/\/+$/u, "")),
  /** Where it stands; without one it counts as near everywhere. */
  region: z.enum(regions).optional(),
  /** Asked only when no other can do it: a spare, or the one that keeps an older bundle for its latents. */
  standby: z.boolean().default(false),
  /** For a proxy before it, such as Modal's `Modal-Key` and `Modal-Secret`. Their values are secrets. */
  headers: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z0-9-]{1,64}$/u)
        .refine((name) => !reservedHeaders.test(name.toLowerCase()), "is set by the service itself"),
      z.string().regex(/^[\x20-\x7e]{1,1024}$/u),
    )
    .default({}),
});

/** Where a GPU backend is reached. */
export interface GpuBackend {
  readonly url: string;
  readonly region?: Region | undefined;
  readonly standby?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Many, because every one that fails costs a failing request another attempt. */
const backendsMax = 16;

/** `GPU_BACKENDS`: a JSON list. Parses to backends; its issues name places, never values. */
export const gpuBackendsSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "must be JSON" });
      return z.NEVER;
    }
  })
  .pipe(z.array(backendSchema).min(1).max(backendsMax));
