import { z } from "zod";
import { backendFaults } from "../../shared/backend-fault.ts";
import { latentEncodings } from "../../shared/latents/latent-values.ts";
import { secretCharactersMin } from "../../shared/limits.ts";
import { outputFormatSchema } from "../../shared/output-format-schema.ts";
import { samplingFields } from "../../shared/sampling-fields.ts";
import { priorities } from "../../shared/wire/task-terms.ts";
import { taskPartSchema } from "./timeline.ts";

// What the server's process and a lane's process say to each other, over Node's own channel with structured cloning.

const bytesSchema = z.instanceof(Uint8Array);
const anyBytesSchema = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const shapeSchema = z.tuple([z.int(), z.int(), z.int()]);
const millisecondsSchema = z.number().min(0);

const loadSchema = z.object({
  kind: z.literal("load"),
  directory: z.string(),
  execution: z.object({ provider: z.enum(["cpu", "webgpu", "cuda"]), intraOpThreads: z.int().min(1) }),
  /** `nice` value of the process, 0 to 19. */
  nice: z.int().min(0).max(19),
  graphCache: z.object({ directory: z.string(), bytesMax: z.number() }).optional(),
  residentBytesMax: z.int().min(0).optional(),
  conditionCacheBytesMax: z.int().min(0),
  latentEncoding: z.enum(latentEncodings),
  picturesMax: z.int().min(1),
  /** Marks pictures as ours, and opens nothing. */
  originMarkKey: z.string().min(secretCharactersMin),
  /** Seal the texts of latents whose Stage B reads them; the first one seals, all of them open. */
  latentTextKeys: z.array(z.string().regex(/^[0-9a-f]{64}$/u)).min(1),
  /** In PEM; undefined: pictures get no C2PA manifest. */
  c2paSigner: z.object({ certificates: z.string(), privateKey: z.string() }).optional(),
});

const stageCTaskSchema = z.object({
  kind: z.literal("stage-c"),
  request: z.object({
    model: z.string(),
    revision: z.string(),
    tokenIds: z.array(z.int()),
    negativeTokenIds: z.array(z.int()),
    seeds: z.array(z.int()),
    ...samplingFields,
    latentShape: shapeSchema,
    start: z.object({ latent: z.string(), strength: z.number(), mask: z.string().optional() }).optional(),
    imagePrompts: z.array(z.string()).optional(),
  }),
  /** `everySteps` 0: none. */
  previews: z.object({ everySteps: z.int().min(0), format: outputFormatSchema }),
});

const pixelsSchema = z.object({ width: z.int(), height: z.int(), data: anyBytesSchema });

const encodeTaskSchema = z.object({
  kind: z.literal("encode"),
  revision: z.string(),
  pixels: pixelsSchema,
  latentShape: shapeSchema.optional(),
});

const markTaskSchema = z.object({
  kind: z.literal("mark"),
  revision: z.string(),
  readings: z.array(pixelsSchema).min(1).readonly(),
});

const decodeTaskSchema = z.object({
  kind: z.literal("decode"),
  revision: z.string(),
  latent: anyBytesSchema,
  options: z.object({ format: outputFormatSchema, quality: z.int().optional(), background: z.string().optional() }),
});

const jobIdSchema = z.int().min(0);

const submissionSchema = z.object({
  kind: z.literal("task"),
  id: jobIdSchema,
  urgency: z.object({
    priority: z.enum(priorities),
    tenant: z.string(),
    startTag: z.number(),
    costMs: z.number(),
    isLast: z.boolean(),
    // Not z.number(), which refuses Infinity: no deadline at all.
    deadlineMs: z.custom<number>((value) => typeof value === "number" && !Number.isNaN(value)),
    arrival: z.int(),
  }),
  task: z.union([stageCTaskSchema, decodeTaskSchema, encodeTaskSchema, markTaskSchema]),
});

const toLaneSchema = z.union([
  loadSchema,
  submissionSchema,
  /** Stops a task between two runs; it is answered all the same. */
  z.object({ kind: z.literal("stop"), id: jobIdSchema }),
]);

/** The outcome of a Stage C task: latent files in the order of the seeds. */
export const stageCOutcomeSchema = z.object({
  files: z.array(bytesSchema),
  milliseconds: z.object({ textEncoder: millisecondsSchema, stageC: millisecondsSchema }),
});

/** The outcome of a decode task: a picture file. */
export const decodeOutcomeSchema = z.object({
  bytes: bytesSchema,
  milliseconds: z.object({ stageB: millisecondsSchema, stageA: millisecondsSchema, encode: millisecondsSchema }),
});

/** The outcome of an encode task: a latent file, or what Stage C reads of a picture. */
export const encodeOutcomeSchema = z.object({
  file: bytesSchema,
  milliseconds: z.object({ compressor: millisecondsSchema }),
});

/** The outcome of a mark task: bits that agree in the best reading. */
export const markOutcomeSchema = z.object({ matches: z.int().min(0) });

/** Every task is answered once. `gpuMs`: what it used of the device, also when nothing came of it. */
const answerFields = {
  id: jobIdSchema,
  gpuMs: millisecondsSchema,
  residentBytes: z.number(),
  timeline: z.array(taskPartSchema),
};

const stepSchema = z.int().min(1);

/** How a task goes: steps that are done for all of its samples, and a sample's preview, a picture file. */
const newsSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("progress"), step: stepSchema, steps: stepSchema }),
  z.object({
    kind: z.literal("preview"),
    sample: z.int().min(0),
    step: stepSchema,
    format: outputFormatSchema,
    bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  }),
]);

const ranSchema = z.object({ graph: z.string(), rows: z.int().min(1), milliseconds: millisecondsSchema });

const fromLaneSchema = z.union([
  /** A run of a graph, for one task or several. */
  z.object({ kind: z.literal("ran"), run: ranSchema }),
  /** Any number of times before the task is answered. */
  z.object({ kind: z.literal("news"), id: jobIdSchema, news: newsSchema }),
  z.object({ kind: z.literal("ready") }),
  /** `reason` holds no value of a tensor and nothing of a prompt. */
  z.object({ kind: z.literal("cannot-load"), reason: z.string() }),
  z.object({ ...answerFields, kind: z.literal("done"), outcome: z.unknown() }),
  z.object({
    ...answerFields,
    kind: z.literal("failed"),
    reason: z.string(),
    fault: z.enum(backendFaults).optional(),
  }),
  z.object({ ...answerFields, kind: z.literal("stopped") }),
]);

/** What a lane loads before it takes tasks. */
export type LaneLoad = z.infer<typeof loadSchema>;

/** One task of a lane. Requests are checked before they become tasks. */
export type LaneTask = z.infer<typeof stageCTaskSchema> | z.infer<typeof decodeTaskSchema> | EncodeTask | MarkTask;

/** The revision of the model that a task is for. */
export function revisionOf(task: LaneTask): string {
  return task.kind === "stage-c" ? task.request.revision : task.revision;
}

/** A picture that is to become a latent of this shape; without one, part of a prompt. */
export type EncodeTask = z.infer<typeof encodeTaskSchema>;

/** A picture, at the sizes at which its mark is looked for. */
export type MarkTask = z.infer<typeof markTaskSchema>;

/** A task with the name and the place that the server gave it. */
export type Submission = z.infer<typeof submissionSchema>;

/** Latent files in the order of the seeds, and milliseconds by part. */
export type StageCOutcome = z.infer<typeof stageCOutcomeSchema>;

/** A picture file, and milliseconds by part. */
export type DecodeOutcome = z.infer<typeof decodeOutcomeSchema>;

/** A latent file, and milliseconds by part. */
export type EncodeOutcome = z.infer<typeof encodeOutcomeSchema>;

/** Bits that agree with the bundle's message in the best reading. */
export type MarkOutcome = z.infer<typeof markOutcomeSchema>;

/** To a lane. */
export type ToLane = z.infer<typeof toLaneSchema>;

/** From a lane. */
export type FromLane = z.infer<typeof fromLaneSchema>;

/** A run of a graph: rows of its batch, and how long it took. */
export type LaneRun = z.infer<typeof ranSchema>;

/** A lane's reports of one running task. */
export type LaneNews = z.infer<typeof newsSchema>;

/** How a lane answers one task. */
export type TaskAnswer = Exclude<Extract<FromLane, { readonly id: number }>, { readonly kind: "news" }>;

/** Reads a message that a lane received; undefined when it is none of ours. */
export function parseToLane(message: unknown): ToLane | undefined {
  return toLaneSchema.safeParse(message).data;
}

/** Reads a message that a lane sent; undefined when it is none of ours. */
export function parseFromLane(message: unknown): FromLane | undefined {
  return fromLaneSchema.safeParse(message).data;
}
