import type { Handler } from "hono";
import type { Verification } from "../../shared/api/verification.ts";
import { withoutManifest } from "../../shared/content-credentials.ts";
import { invalidRequest } from "../../shared/errors.ts";
import { originMarkKey, originOf } from "../../shared/origin-mark.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { outputFormatSchema } from "../../shared/output-format-schema.ts";
import type { FailureLimiter } from "../edge/failure-limiter.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { addressOf } from "../middleware/limit-by-address.ts";
import { type MarkServices, readMarks, unreadMark } from "./read-marks.ts";

const contentTypes: readonly string[] = outputFormatSchema.options.map(imageContentType);

/** What the route needs. */
export interface VerifyServices extends MarkServices {
  readonly originSecrets: readonly string[];
  readonly strangerLimiter: Pick<FailureLimiter, "note">;
}

/**
 * `POST /v1/verify`: whether the picture file that is the body came from here as it is and, if that cannot be told,
 * whether one of our models made the picture. Nothing of it is kept.
 */
export function verifyPicture(services: VerifyServices): Handler<AppEnv> {
  const { originSecrets, strangerLimiter } = services;
  return async (c) => {
    const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
    if (type === undefined || !contentTypes.includes(type)) {
      return failureResponse(c, { code: "unsupported_media_type", expected: contentTypes.join(", or ") });
    }
    const body = await c.get("body").bytes();
    if (!body.ok) return failureResponse(c, body.error);
    const file = body.value;
    if (file.length === 0)
      return failureResponse(c, invalidRequest(null, "The request body must be a picture's file."));
    const plain = withoutManifest(file);
    const result = await originOf(plain ?? file, await Promise.all(originSecrets.map(originMarkKey)));
    // The limiter of wrong keys: under another name, so that neither takes from the other.
    const mayLook = () => strangerLimiter.note(`mark:${addressOf(c)}`);
    const mark = result === "ours" ? unreadMark : await readMarks(services, file, mayLook);
    // Metadata can be cut out of a file of ours and put into a photograph: only what holds says anything.
    const verification: Verification = {
      object: "verification",
      result,
      made_by_ai: result === "ours" || mark.result === "found" ? true : null,
      content_credentials: plain === undefined ? "absent" : "present",
      mark,
    };
    return c.json(verification, 200, { "cache-control": "no-store" });
  };
}
