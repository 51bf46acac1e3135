import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** A body as JSON in UTF-8. Fails with `invalid_request`. */
export function readJson(body: Uint8Array): Result<unknown, Failure> {
  try {
    return ok(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)));
  } catch {
    return err(invalidRequest(null, "The request body must be JSON in UTF-8."));
  }
}
