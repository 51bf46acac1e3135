import type { Context, Handler } from "hono";
import type { Tier } from "../../shared/api/images-response.ts";
import type { Failure } from "../../shared/errors.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { RequestOrigin } from "../gpu/request-origin.ts";
import type { CachedImage, ImageCache, StreamedImage } from "../images/image-cache.ts";
import type { ImageLinks, LinkedImage, OpenedLink } from "../images/image-link.ts";
import type { DecodeJobs } from "../jobs/job-clients.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { edgeLocation } from "../middleware/edge-location.ts";
import { failureResponse } from "../middleware/errors.ts";
import { requestOrigin } from "../middleware/request-origin.ts";

/** What the route needs. */
export interface GetImageServices {
  readonly images: ImageCache;
  readonly decodeJobs: DecodeJobs;
  readonly latents: LatentCache;
  readonly imageLinks: ImageLinks;
}

/**
 * `GET /v1/images/{latent id}.{format}?exp&sig`: the picture that a link was made for. No API key: the link is the
 * permission. A picture that the edge has dropped is decoded again from its latent.
 */
export function getImage(services: GetImageServices): Handler<AppEnv> {
  return async (c) => {
    const link = await services.imageLinks.open({ file: c.req.param("file") ?? "", query: c.req.query() });
    if (!link.ok) return failureResponse(c, link.error);
    const shown = await showImage(services, link.value, {
      location: edgeLocation(c.req.raw),
      claimId: c.get("requestId"),
      signal: c.req.raw.signal,
      origin: requestOrigin(c),
    });
    if (!shown.ok) return failureResponse(c, shown.error);
    c.set("tier", shown.value.tier);
    return imageResponse(c, link.value, shown.value);
  };
}

interface ShownImage extends Pick<StreamedImage, "length" | "etag"> {
  readonly body: StreamedImage["body"] | CachedImage["bytes"];
  readonly tier: Tier;
}

interface Viewer {
  readonly location: string;
  readonly claimId: string;
  /** Aborts when the viewer leaves. */
  readonly signal: AbortSignal;
  readonly origin: RequestOrigin;
}

async function showImage(
  services: GetImageServices,
  { latentId, options }: LinkedImage,
  { location, claimId, signal, origin }: Viewer,
): Promise<Result<ShownImage, Failure>> {
  const cached = await services.images.stream(latentId, options);
  if (cached !== undefined) return ok({ ...cached, tier: "image" });
  const latent = await services.latents.find(latentId);
  if (latent === undefined) return err({ code: "not_found", what: "image" });
  const request = { latentId, latent: latent.bytes, options, claimId, origin, priority: "interactive" } as const;
  const image = await services.decodeJobs.obtain(location, { request, signal });
  if (!image.ok) return image;
  const { bytes, etag } = image.value;
  return ok({ body: bytes, length: String(bytes.length), etag, tier: "latent" });
}

/** `max-age` ends with the link, so that no shared cache shows a picture to whom the link would no longer. */
function imageResponse(c: Context<AppEnv>, link: OpenedLink, { body, length, etag, tier }: ShownImage): Response {
  c.header("cache-control", `public, max-age=${link.secondsLeft}, immutable`);
  c.header("etag", etag);
  c.header("x-wuerstchen-tier", tier);
  c.header("cross-origin-resource-policy", "cross-origin");
  if (isNamed(etag, c.req.header("if-none-match"))) return c.body(null, 304);
  c.header("content-type", imageContentType(link.options.format));
  c.header("content-length", length);
  c.header("x-content-type-options", "nosniff");
  return c.body(body);
}

/** RFC 9110: a list of tags or "*", compared weakly. */
function isNamed(etag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? "").split(",").map((tag) => tag.trim().replace(/^W\//u, ""));
  return tags.includes(etag) || tags.includes("*");
}
