import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../shared/errors.ts";
import { latentEncodings } from "../shared/latents/latent-values.ts";
import { secretCharactersMin } from "../shared/limits.ts";
import { executionProviders } from "./runtime/execution.ts";

/** A whole number in decimal digits. */
function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/u, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

const environmentSchema = z.object({
  /** The address to listen on. Only this machine by default; the operator decides who else may connect. */
  HOST: z.string().min(1).default("127.0.0.1"),
  /** 0 takes any free port, which the log states. */
  PORT: wholeNumber(0, 65_535).default(8788),
  /** The folder of bundles, a folder each. All can be served; a bundle that is put there later is found when wanted. */
  MODELS_DIR: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, "models")),
  /** Where a bundle is fetched that MODELS_DIR lacks: files at MODELS_URL/REVISION/FILE. Absent: nothing is fetched. */
  MODELS_URL: z
    .url({ protocol: /^https?$/u, error: "must be an http(s) URL" })
    .refine((url) => /^[^?#@]*$/u.test(url), "must hold no credentials, no query and no fragment")
    .optional(),
  /** Sent there as a bearer token. */
  MODELS_TOKEN: z.string().min(1).optional(),
  /** Bound of a bundle that is fetched. Stable Cascade has 22.9 GB in single precision. */
  MODELS_FETCH_MEGABYTES_MAX: wholeNumber(1, 9_999_999).default(32_768),
  /** Bound of all that were fetched; those neither offered nor used are removed, the one used longest ago first. */
  MODELS_FETCHED_MEGABYTES_MAX: wholeNumber(1, 9_999_999).default(131_072),
  /** The bundle to load at the start: the one of requests that name none. Others are loaded when wanted. */
  MODEL_ID: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/u, "must be a bundle's id")
    .default("emoji-128"),
  /** Shared with the edge, which signs every request with it. */
  GPU_BACKEND_SECRET: z.string().min(secretCharactersMin),
  /** The previous secret, which is also accepted until the edge has the new one. */
  GPU_BACKEND_SECRET_PREVIOUS: z.string().min(secretCharactersMin).optional(),
  /** The execution provider. `auto` tries all and logs its choice; `cuda` needs `npm run cuda:install` once. */
  PROVIDER: z.enum(["auto", ...executionProviders]).default("cpu"),
  /** Threads per operator. All cores are best on a quiet machine, 1 beside another busy process. */
  INTRA_OP_THREADS: wholeNumber(1, 1_024).default(availableParallelism()),
  /** `all`, or the megabytes of stages in memory, each loaded when it is needed; 0: only the one that runs. */
  STAGES_RESIDENT: z
    .union([z.literal("all"), wholeNumber(0, 9_999_999)], "must be all, or a number of megabytes")
    .default("all"),
  /** `all`, or the megabytes of models in memory, each loaded when it is needed; 0: only the one that is used. */
  MODELS_RESIDENT: z
    .union([z.literal("all"), wholeNumber(0, 9_999_999)], "must be all, or a number of megabytes")
    .default("all"),
  /** The format of new latents. `int8` is half as large and less exact (docs/performance.md); both can be read. */
  LATENT_ENCODING: z.enum(latentEncodings).default("float16"),
  /** The cache of optimised graphs, which load in half the time. It may be deleted at any time. */
  GRAPH_CACHE_DIR: z
    .string()
    .min(1)
    .default(() => join(homedir(), ".cache/wuerstchen-edge/graphs")),
  /** Bound of that cache; the least recently used graph is evicted first. 0: no cache. */
  GRAPH_CACHE_MEGABYTES: wholeNumber(0, 9_999_999).default(4_096),
  /** PEM files: the signer's certificate with its intermediates, and its key (P-256). Without both, no C2PA. */
  C2PA_CERTIFICATES: z.string().min(1).optional(),
  C2PA_PRIVATE_KEY: z.string().min(1).optional(),
  /** Receives spans by OTLP over HTTP; absent: none are sent. The exporter's other standard variables apply too. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/u, error: "must be an http(s) URL" }).optional(),
  OTEL_SERVICE_NAME: z.string().min(1).max(128).default("wuerstchen-backend"),
  /** The share of traces that is sent. */
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/u, "must be a number from 0 to 1")
    .transform(Number)
    .default(1),
  /** `nice` value of the inference process, so that the server answers at once. Set 0 beside other busy programs. */
  LANE_NICE: wholeNumber(0, 19).default(5),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
  /**
   * Tasks that may wait; of one tenant, or of batch tasks, half as many. Clients do not wait for more work than that.
   */
  QUEUE_JOBS_MAX: wholeNumber(0, 10_000).default(128),
  /** Bound of the bodies of all requests in flight; from one address, half of it. The longest body has 8.4 MB. */
  BODY_MEGABYTES_MAX: wholeNumber(17, 65_536).default(256),
  /** Time for a request to arrive. A slower one receives 408, and its connection is closed. */
  BODY_SECONDS_MAX: wholeNumber(1, 3_600).default(30),
  /** Pictures whose steps run together. Eight keep a CPU busy; a card can take more. */
  PICTURES_TOGETHER_MAX: wholeNumber(1, 64).default(8),
  /**
   * A task that takes longer is stopped. `auto`: 600 s, and longer for a model that takes longer, by its size or by
   * what its tasks took (docs/backends.md).
   */
  JOB_SECONDS_MAX: z
    .union([z.literal("auto"), wholeNumber(1, 86_400)], "must be auto, or a number of seconds")
    .default("auto"),
  /** Bound of the cache of text states, some 0.3 to 1.2 MB each. */
  TEXT_CACHE_MEGABYTES: wholeNumber(0, 65_536).default(128),
  /** Time for running tasks to finish after a signal to stop. */
  SHUTDOWN_SECONDS_MAX: wholeNumber(0, 3_600).default(10),
  /** 1: also stop when standard input closes, so that the server ends with its parent script. */
  STDIN_CLOSE_EXITS: z
    .enum(["0", "1"])
    .default("0")
    .transform((flag) => flag === "1"),
});

const checkedSchema = environmentSchema.superRefine((config, { addIssue }) => {
  const [present, absent] = [config.C2PA_CERTIFICATES, config.C2PA_PRIVATE_KEY].map((path) => path !== undefined);
  if (present === absent) return;
  const message = "must be set too, or neither of C2PA_CERTIFICATES and C2PA_PRIVATE_KEY";
  addIssue({ code: "custom", path: [present ? "C2PA_PRIVATE_KEY" : "C2PA_CERTIFICATES"], message });
});

/** The server's settings. The field comments above are their reference. */
export type Config = z.infer<typeof environmentSchema>;

/** Reads the environment once. Throws `AppError` naming each variable that is wrong, and never its value. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = checkedSchema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new AppError(`The environment is not valid. ${problems.join("; ")}`);
}

/** The environment of a process that needs no secret. */
export function withoutSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const isSecret = (name: string) =>
    /^GPU_BACKEND_SECRET|^MODELS_TOKEN$|^OTEL_EXPORTER_OTLP(?:_TRACES)?_HEADERS$/u.test(name);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecret(name)));
}
