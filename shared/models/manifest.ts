import { z } from "zod";
import { guidanceScaleMax, imageSidePixelsMax, stepsMax, tokensPerPromptMax } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import { parseImageSize } from "./image-size.ts";
import { markBits, markFalsePositives, markFalsePositivesMax, markSchema } from "./mark.ts";
import { modelIdPattern } from "./model-name.ts";
import { stageBTextSchema } from "./stage-b-text.ts";

// `model.json` says everything about a bundle that is not a weight. Fields that a newer exporter adds are ignored.

/** No folders: a bundle is flat, so no name in it can point outside. */
const fileNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/u);

const fileSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
  bytes: z.int().min(0),
});

const tensorSchema = z.object({
  name: z.string().min(1),
  dtype: z.enum(["float32", "int64"]),
  /**
   * A letter stands for an axis of any length, the same throughout a graph: b batch, t text positions, h and w sides.
   */
  shape: z.array(z.union([z.int().min(1), z.string().regex(/^(\d{1,4}[*+])?[a-z]+$/u)])),
});

const graphSchema = z.object({
  file: fileNameSchema,
  inputs: z.array(tensorSchema).min(1),
  outputs: z.array(tensorSchema).min(1),
  /** How the weights are stored; inputs and outputs are as they say, whatever this is. */
  weights: z.enum(["float32", "float16", "int8"]),
  /** "half": a card computes products in float16, and never holds the weights as float32. A processor does both. */
  precision: z.enum(["float32", "half"]).optional(),
});

const stepsRangeSchema = z
  .object({
    default: z.int(),
    min: z.int().min(1),
    max: z.int().max(stepsMax),
  })
  .refine(isOrdered, "min ≤ default ≤ max must hold");

const guidanceRangeSchema = z
  .object({
    default: z.number(),
    min: z.number().min(0),
    max: z.number().max(guidanceScaleMax),
  })
  .refine(isOrdered, "min ≤ default ≤ max must hold");

/** DDIM, DDPM's ancestral steps, or DPM-Solver++ 2M: each has its function in `shared/diffusion/samplers.ts`. */
const samplerKindSchema = z.enum(["ddim", "ddpm", "dpmpp-2m"]);

/** What a network's output is: the noise, the clean latent, or v (`shared/diffusion/prediction.ts`). */
const predictionSchema = z.enum(["epsilon", "sample", "v_prediction"]).default("epsilon");

const imageSizeSchema = z.string().refine((size) => {
  const parsed = parseImageSize(size);
  return parsed !== undefined && Math.max(parsed.width, parsed.height) <= imageSidePixelsMax;
}, `a size is WIDTHxHEIGHT in pixels, each side at most ${imageSidePixelsMax}`);

const sideRangeSchema = z
  .object({ min: z.int().min(1), max: z.int().max(imageSidePixelsMax), multipleOf: z.int().min(1) })
  .refine(({ min, max, multipleOf }) => min <= max && min % multipleOf === 0 && max % multipleOf === 0, {
    error: "min ≤ max must hold, and both be multiples of multipleOf",
  });

const manifestSchema = z
  .object({
    format: z.literal("wuerstchen-edge/bundle@1"),
    /** What a request names as `model`. */
    id: z.string().regex(modelIdPattern),
    /** Changes with any byte that changes a latent or a picture; part of every latent key. */
    revision: z.string().min(1).max(128),
    name: z.string().min(1),
    description: z.string(),
    licence: z.string().min(1),
    /** Whose networks these are: for people only, since every difference between them has a field of its own. */
    family: z.enum(["wuerstchen-edge", "wuerstchen-v2", "stable-cascade"]).default("wuerstchen-edge"),
    created: z.union([z.iso.date(), z.iso.datetime()]),
    image: z.object({
      sizes: z.array(imageSizeSchema).min(1),
      sizeDefault: z.string(),
      /** Of Stage A's picture and the compressor's: 3, or 4 with straight alpha. The previewer's always has 3. */
      channels: z.union([z.literal(3), z.literal(4)]),
      /** Further sizes: any whose sides are multiples of `multipleOf` in this range. Absent: only those in `sizes`. */
      sides: sideRangeSchema.optional(),
    }),
    /**
     * The Stage C latent. `downscale` is image side / latent side and need not be whole (42.67 in the original). Stored
     * latents are `scale` · x + `offset` of the sampler's x; Stage B, compressor and previewer speak the stored form.
     */
    latent: z.object({
      channels: z.int().min(1),
      downscale: z.number().min(1),
      scale: z.number().positive().default(1),
      offset: z.number().default(0),
    }),
    /** The latent between Stage B and Stage A; `latentScale` multiplies it on the way into Stage A. */
    stageB: z.object({
      channels: z.int().min(1),
      downscale: z.number().min(1),
      latentScale: z.number().positive(),
      /** Present: Stage B reads the prompt, by graph `stageBText`. Absent: the latent alone. */
      text: stageBTextSchema.optional(),
    }),
    text: z.object({
      /** The longest sequence of the text encoder, special tokens included. */
      tokensMax: z.int().min(1).max(tokensPerPromptMax),
      width: z.int().min(1),
      /** Rows of the text states that Stage C reads; absent: 1 + tokensMax, the pooled state first. */
      positions: z.int().min(1).optional(),
      /**
       * Present: ids are padded with it to `tokensMax` before the encoder, whose states are all attended, as in CLIP.
       * Absent: the encoder reads the ids alone, its states are padded with zeros and those are masked.
       */
      padTokenId: z.int().min(0).optional(),
      specialTokensCount: z.int().min(0),
      tokenizer: fileNameSchema,
    }),
    graphs: z.object({
      textEncoder: graphSchema,
      /** Text states → what Stage C takes: the part that no step changes, computed once. */
      textConditioner: graphSchema,
      /** A picture → its states, once a picture; only bundles whose prompts may hold pictures have these two. */
      imageEncoder: graphSchema.optional(),
      /** As `textConditioner`, of text states and of pictures' states. */
      imageTextConditioner: graphSchema.optional(),
      stageC: graphSchema,
      /** Stage C latent → what Stage B takes, likewise computed once. */
      stageBConditioner: graphSchema,
      /** Token ids, or the text encoder's states → what Stage B takes of a text, computed once a text. */
      stageBText: graphSchema.optional(),
      stageB: graphSchema,
      stageA: graphSchema,
      /** Image → Stage C latent; only bundles that can start from a picture have it. */
      compressor: graphSchema.optional(),
      /** Stage C latent → a rough picture in [0, 1], in one pass; without it there are no previews. */
      previewer: graphSchema.optional(),
      /** Picture → the bits of its mark, then how well the mark's place fits; with `mark` or not at all. */
      mark: graphSchema.optional(),
    }),
    /** What Stage A puts into every picture; absent: pictures are unmarked, as those of imported bundles are. */
    mark: markSchema.optional(),
    /** Present: prompts may hold pictures. `encoder` changes with all that changes their states. */
    imagePrompts: z.object({ encoder: z.string().min(1).max(128) }).optional(),
    /** Every file of the bundle but `model.json`. */
    files: z.record(fileNameSchema, fileSchema),
    sampler: z.object({
      stageC: z.object({
        kind: samplerKindSchema,
        prediction: predictionSchema,
        steps: stepsRangeSchema,
        guidanceScale: guidanceRangeSchema,
        /** The times of a run with the default steps, from 1 down to its last target; absent: evenly spaced to 0. */
        timesteps: z.array(z.number().min(0).max(1)).min(2).optional(),
      }),
      stageB: z.object({ kind: samplerKindSchema, prediction: predictionSchema, steps: stepsRangeSchema }),
    }),
    schedule: z.object({
      kind: z.literal("cosine"),
      s: z.number().min(0),
      clampMin: z.number().min(0).max(1),
      clampMax: z.number().min(0).max(1),
    }),
    timestepEmbedding: z.object({
      width: z.int().min(2).multipleOf(2),
      /** One per pair of sine and cosine, for bit-equality with the exporter; computed from `width` when absent. */
      frequencies: z.array(z.number()).optional(),
    }),
  })
  .superRefine((manifest, context) => {
    for (const message of inconsistencies(manifest)) context.addIssue({ code: "custom", message });
  });

/** A bundle's `model.json`, checked. Use the field comments in the source as its reference. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A sampling algorithm that a bundle can name. */
export type SamplerKind = z.infer<typeof samplerKindSchema>;

/** What the output of a network that predicts is. */
export type PredictionKind = z.infer<typeof predictionSchema>;

/**
 * One ONNX graph of a bundle with its inputs and outputs. A text in a shape is an axis of any length ("h"), or a
 * function of one ("4*h", "1+t").
 */
export type ManifestGraph = z.infer<typeof graphSchema>;

/** How many rows of text states Stage C reads. */
export function textPositions({ text }: Pick<Manifest, "text">): number {
  return text.positions ?? 1 + text.tokensMax;
}

/** The problems of a manifest, for the operator's log. */
export interface ManifestFault {
  readonly problems: readonly string[];
}

/** Reads a parsed `model.json`. Fails with every problem found, each with the path of its field. */
export function parseManifest(json: unknown): Result<Manifest, ManifestFault> {
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  return err({
    problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "model.json"}: ${issue.message}`),
  });
}

/** The rules between fields. */
function inconsistencies(manifest: z.infer<typeof manifestSchema>): string[] {
  const { image, text, graphs, files, timestepEmbedding, schedule } = manifest;
  const problems: string[] = [];
  if (!image.sizes.includes(image.sizeDefault)) problems.push("image.sizeDefault is not one of image.sizes");
  problems.push(...sideProblems(manifest), ...channelProblems(manifest));
  if (text.specialTokensCount >= text.tokensMax) problems.push("text.tokensMax leaves no room for a prompt");
  if (textPositions(manifest) < text.tokensMax) problems.push("text.positions is below text.tokensMax");
  problems.push(...timestepsProblems(manifest.sampler.stageC), ...markProblems(manifest));
  if ((manifest.stageB.text === undefined) !== (graphs.stageBText === undefined)) {
    problems.push("stageB.text and graphs.stageBText do not come together");
  }
  const ofPictures = [manifest.imagePrompts, graphs.imageEncoder, graphs.imageTextConditioner];
  if (new Set(ofPictures.map((part) => part === undefined)).size > 1) {
    problems.push("imagePrompts, graphs.imageEncoder and graphs.imageTextConditioner do not come together");
  }
  if (schedule.clampMin >= schedule.clampMax) problems.push("schedule.clampMin is not below schedule.clampMax");
  const { frequencies, width } = timestepEmbedding;
  if (frequencies !== undefined && frequencies.length !== width / 2) {
    problems.push("timestepEmbedding.frequencies does not have width / 2 entries");
  }
  const named = [
    text.tokenizer,
    ...Object.values(graphs).flatMap((graph) => (graph === undefined ? [] : [graph.file])),
  ];
  for (const file of named) {
    if (!Object.hasOwn(files, file)) problems.push(`files does not list ${file}`);
  }
  return problems;
}

function timestepsProblems({ timesteps, steps }: Pick<Manifest["sampler"]["stageC"], "timesteps" | "steps">): string[] {
  if (timesteps === undefined) return [];
  const problems: string[] = [];
  const descends = timesteps.every((time, index) => index === 0 || time < (timesteps[index - 1] ?? 0));
  if (timesteps[0] !== 1 || !descends) problems.push("sampler.stageC.timesteps does not descend from 1");
  if (timesteps.length !== steps.default + 1) {
    problems.push("sampler.stageC.timesteps does not have one entry more than the default steps");
  }
  return problems;
}

/** A mark that cannot be read proves nothing, and one that is found too easily proves the wrong thing. */
function markProblems({ mark, graphs }: z.infer<typeof manifestSchema>): string[] {
  if ((mark === undefined) !== (graphs.mark === undefined)) return ["mark and graphs.mark need each other"];
  const problems: string[] = [];
  if (mark !== undefined && markFalsePositives(mark.matchesMin) > markFalsePositivesMax) {
    problems.push(
      `mark.matchesMin finds marks by chance more often than once in ${1 / markFalsePositivesMax} pictures`,
    );
  }
  if (graphs.mark !== undefined && graphs.mark.outputs[0]?.shape[1] !== markBits + 1) {
    problems.push(`graphs.mark.outputs does not have ${markBits + 1} values a picture`);
  }
  return problems;
}

/** Whoever reads a picture allocates as many planes as the manifest says. */
function channelProblems({ image, graphs: { stageA, compressor } }: z.infer<typeof manifestSchema>): string[] {
  const ports = { "stageA.outputs": stageA.outputs[0], "compressor.inputs": compressor?.inputs[0] };
  return Object.entries(ports).flatMap(([path, port]) => {
    const channels = port?.shape[1];
    return port === undefined || channels === image.channels
      ? []
      : [`graphs.${path} has ${channels} channels, not image.channels`];
  });
}

/** A latent's shape must determine the size of its picture, so no two sizes share a shape: all lie on one grid. */
function sideProblems({ image: { sides, sizes }, latent }: z.infer<typeof manifestSchema>): string[] {
  if (sides === undefined) return [];
  const outside = sizes.filter((size) => {
    const { width = 0, height = 0 } = parseImageSize(size) ?? {};
    return width % sides.multipleOf !== 0 || height % sides.multipleOf !== 0;
  });
  const problems = outside.map((size) => `image.sizes holds ${size}, no multiple of image.sides.multipleOf`);
  if (sides.multipleOf < latent.downscale) problems.push("image.sides.multipleOf is below latent.downscale");
  return problems;
}

function isOrdered(range: { readonly default: number; readonly min: number; readonly max: number }): boolean {
  return range.min <= range.default && range.default <= range.max;
}
