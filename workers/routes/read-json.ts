import type { HonoRequest } from "hono";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

const jsonType = "application/json";

/** A body of JSON, unread: for whoever must see its very bytes. Fails with `unsupported_media_type`. */
export async function readJsonText(request: HonoRequest): Promise<Result<string, Failure>> {
  const type = request.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== jsonType) return err({ code: "unsupported_media_type", expected: jsonType });
  return ok(await request.text());
}

/** A request's body as JSON. Fails with `unsupported_media_type`, or `invalid_request` when it is not JSON. */
export async function readJson(request: HonoRequest): Promise<Result<unknown, Failure>> {
  const text = await readJsonText(request);
  if (!text.ok) return text;
  try {
    return ok(JSON.parse(text.value));
  } catch {
    // The parser's message quotes the body, which may hold a prompt.
    return err(invalidRequest(null, "The request body is not valid JSON."));
  }
}
