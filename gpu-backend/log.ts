import { type Logger, pino } from "pino";
import type { Config } from "./config.ts";

/** JSON lines on standard output. No line may hold a prompt, token ids, a secret, a signature or a tensor. */
export function createLog(level: Config["LOG_LEVEL"]): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
