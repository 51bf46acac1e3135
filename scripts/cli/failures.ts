import { CommanderError } from "commander";
import { ApiError } from "../../shared/client/api-error.ts";
import { CommandError } from "../command-line.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** Busy, too many requests or too slow: a repeat may succeed. */
const temporaryStatuses = new Set([408, 425, 429]);

/** What a failed command prints, and its exit code. Undefined text: commander has printed it. */
export interface Report {
  readonly text: string | undefined;
  readonly exitCode: ExitCode;
}

/** The report on whatever a command throws. Only a bug is shown with its stack. */
export function reportOn(error: unknown): Report {
  if (error instanceof CommanderError) {
    return { text: undefined, exitCode: error.exitCode === 0 ? exitCodes.success : exitCodes.usage };
  }
  if (error instanceof CommandError) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof ApiError) return refusal(error);
  if (isWithoutAnswer(error)) {
    return { text: `The service cannot be reached: ${causeOf(error)}`, exitCode: exitCodes.unavailable };
  }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: exitCodes.failure };
}

function refusal({ status, code, message, param, requestId, retryAfterSeconds }: ApiError): Report {
  const isTemporary = status === 0 || status >= 500 || temporaryStatuses.has(status);
  const lines = [
    `The service ${isTemporary ? "could not do it" : "refused"} (${status === 0 ? "" : `${status} `}${code}): ${message}`,
    ...(param === null ? [] : [`Field: ${param}`]),
    ...(retryAfterSeconds === undefined ? [] : [`Try again in ${retryAfterSeconds} s.`]),
    ...(requestId === undefined ? [] : [`Request: ${requestId}`]),
  ];
  return { text: lines.join("\n"), exitCode: isTemporary ? exitCodes.unavailable : exitCodes.refused };
}

/** `fetch` rejects with a TypeError that has a cause when a connection fails or breaks off. */
function isWithoutAnswer(error: unknown): error is TypeError {
  return error instanceof TypeError && error.cause instanceof Error;
}

function causeOf({ cause, message }: TypeError): string {
  if (!(cause instanceof Error)) return message;
  if (cause.message !== "") return cause.message;
  return "code" in cause ? String(cause.code) : message;
}
