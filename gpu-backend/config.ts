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
  /** Only this machine by default: who may connect from elsewhere is for the operator to decide. */
  HOST: z.string().min(1).default("127.0.0.1"),
  /** 0 takes any free port; the log says which. */
  PORT: wholeNumber(0, 65_535).default(8788),
  /** The folder that holds bundles, each in a folder of its id. */
  MODELS_DIR: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, "models")),
  /** The bundle to load; the edge names the same one. */
  MODEL_ID: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/u, "must be a bundle's id")
    .default("emoji-128"),
  /** Shared with the edge, which signs every request with it. */
  GPU_BACKEND_SECRET: z.string().min(secretCharactersMin),
  /** The one before, which is accepted too until the edge has the new one. */
  GPU_BACKEND_SECRET_PREVIOUS: z.string().min(secretCharactersMin).optional(),
  /** What computes. `auto` tries out what is there and logs its choice; `cuda` needs `npm run cuda:install` once. */
  PROVIDER: z.enum(["auto", ...executionProviders]).default("cpu"),
  /** Threads of one operator. All cores is best alone on a machine; 1 where another process is busy. */
  INTRA_OP_THREADS: wholeNumber(1, 1_024).default(availableParallelism()),
  /** `all`, or so many megabytes of stages at a time, each loaded when it is needed; 0: only the one that runs. */
  STAGES_RESIDENT: z
    .union([z.literal("all"), wholeNumber(0, 9_999_999)], "must be all, or a number of megabytes")
    .default("all"),
  /** How new latents are stored. `int8` halves them and costs a little (docs/performance.md); both are read. */
  LATENT_ENCODING: z.enum(latentEncodings).default("float16"),
  /** Optimised graphs of earlier starts, which load in half the time; may be deleted at any time. */
  GRAPH_CACHE_DIR: z
    .string()
    .min(1)
    .default(() => join(homedir(), ".cache/wuerstchen-edge/graphs")),
  /** Those used longest ago go first. 0 keeps none. */
  GRAPH_CACHE_MEGABYTES: wholeNumber(0, 9_999_999).default(4_096),
  /** PEM files: the signer's certificate and those between it and the root, and its key (P-256). Both, or no C2PA. */
  C2PA_CERTIFICATES: z.string().min(1).optional(),
  C2PA_PRIVATE_KEY: z.string().min(1).optional(),
  /** Where spans go by OTLP over HTTP; absent: nowhere. The other standard variables of the exporter hold too. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/u, error: "must be an http(s) URL" }).optional(),
  OTEL_SERVICE_NAME: z.string().min(1).max(128).default("wuerstchen-backend"),
  /** Of all traces, which share is kept. */
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/u, "must be a number from 0 to 1")
    .transform(Number)
    .default(1),
  /** How far the process that computes stands back, 0 to 19, so that the one that answers need not wait; 0 beside other work. */
  LANE_NICE: wholeNumber(0, 19).default(5),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
  /** Tasks that may wait: of one tenant and of batch tasks, half as many. Beyond some minutes of work their clients have gone. */
  QUEUE_JOBS_MAX: wholeNumber(0, 10_000).default(128),
  /** Bodies of all requests under way; of those from one address, half as much. The longest has 8.4 MB. */
  BODY_MEGABYTES_MAX: wholeNumber(17, 65_536).default(256),
  /** How long a request may take to arrive. A slower one gets 408, and its connection is closed. */
  BODY_SECONDS_MAX: wholeNumber(1, 3_600).default(30),
  /** Pictures whose steps run together. Eight keep a CPU busy; a card takes more. */
  PICTURES_TOGETHER_MAX: wholeNumber(1, 64).default(8),
  /** A task that takes longer is stopped; ten pictures at the most steps on a CPU need some minutes. */
  JOB_SECONDS_MAX: wholeNumber(1, 86_400).default(600),
  /** Texts remembered in their computed form, some 0.3 to 1.2 MB each. */
  TEXT_CACHE_MEGABYTES: wholeNumber(0, 65_536).default(128),
  /** How long running work may take to finish after a signal to stop. */
  SHUTDOWN_SECONDS_MAX: wholeNumber(0, 3_600).default(10),
  /** 1: also stop when standard input closes, so that a script's children end with it. */
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

/** The server's settings. Use the field comments in the source as their reference. */
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
  const isSecret = (name: string) => /^GPU_BACKEND_SECRET|^OTEL_EXPORTER_OTLP(?:_TRACES)?_HEADERS$/u.test(name);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecret(name)));
}
