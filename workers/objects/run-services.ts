import { parseEnv } from "../env.ts";
import { platform } from "../platform.ts";
import { createRunServices, type RunServices } from "../services.ts";

/** Built for the first object of an isolate, whose environment never changes. */
let parts: RunServices | undefined;

/** One for all objects of an isolate, so that what one learns of the GPU backends, all know. */
export function runServices(env: unknown): RunServices {
  parts ??= createRunServices(parseEnv(env), platform());
  return parts;
}
