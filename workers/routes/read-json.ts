import type { Context } from "hono";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { AppEnv } from "../middleware/app-env.ts";

const jsonType = "application/json";

/**
 * A body of JSON as text, for callers that need its exact bytes. Fails with `unsupported_media_type`, with
 * `invalid_request` when it is not UTF-8, or as `receiveBody`.
 */
export async function readJsonText(c: Context<AppEnv>): Promise<Result<string, Failure>> {
  const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== jsonType) return err({ code: "unsupported_media_type", expected: jsonType });
  const body = await c.get("body").bytes();
  if (!body.ok) return body;
  try {
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body.value));
  } catch {
    return err(invalidRequest(null, "The request body is not valid UTF-8."));
  }
}

/** A request's body as JSON. Fails as `readJsonText`, or with `invalid_request` when it is not JSON. */
export async function readJson(c: Context<AppEnv>): Promise<Result<unknown, Failure>> {
  const text = await readJsonText(c);
  if (!text.ok) return text;
  try {
    return ok(JSON.parse(text.value));
  } catch {
    // The parser's message quotes the body, which may hold a prompt.
    return err(invalidRequest(null, "The request body is not valid JSON."));
  }
}
