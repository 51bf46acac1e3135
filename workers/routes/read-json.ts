import type { HonoRequest } from "hono";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

const jsonType = "application/json";

/** A request's body as JSON. Fails with `unsupported_media_type`, or `invalid_request` when it is not JSON. */
export async function readJson(request: HonoRequest): Promise<Result<unknown, Failure>> {
  const type = request.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== jsonType) return err({ code: "unsupported_media_type", expected: jsonType });
  try {
    return ok(JSON.parse(await request.text()));
  } catch {
    // The parser's message quotes the body, which may hold a prompt.
    return err(invalidRequest(null, "The request body is not valid JSON."));
  }
}
