import { parseEnv } from "../env.ts";
import { platform } from "../platform.ts";
import { createJobParts, type JobParts } from "../services.ts";

/** Built for the first object of an isolate, whose environment never changes. */
let parts: JobParts | undefined;

/** One for all objects of an isolate, so that what one learns of the GPU backends, all know. */
export function jobParts(env: unknown): JobParts {
  parts ??= createJobParts(parseEnv(env), platform());
  return parts;
}
