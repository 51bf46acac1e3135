import type { Context, Handler } from "hono";
import type { Tier } from "../../shared/api/images-response.ts";
import type { Failure } from "../../shared/errors.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { CachedImage, ImageCache, StreamedImage } from "../images/image-cache.ts";
import type { ImageLinks, LinkedImage, OpenedLink } from "../images/image-link.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { edgeLocation } from "../middleware/edge-location.ts";
import { failureResponse } from "../middleware/errors.ts";
import { type LocationLimiter, tooManyLinkDecodes } from "../middleware/limit-by-address.ts";
import { requestOrigin } from "../middleware/request-origin.ts";
import type { DecodeRuns } from "../single-flight/client.ts";

/** What the route needs. */
export interface GetImageServices {
  readonly images: ImageCache;
  readonly decodeRuns: DecodeRuns;
  readonly latents: LatentCache;
  readonly imageLinks: ImageLinks;
  readonly linkDecodeLimiter: LocationLimiter;
}

/**
 * `GET /v1/images/{latent id}.{format}?exp&sig`: the picture that a link was made for. No API key: the link is the
 * permission. A picture that the edge has dropped is decoded again from its latent, free of charge and so within a rate
 * of the account that it was made for.
 */
export function getImage(services: GetImageServices): Handler<AppEnv> {
  return async (c) => {
    const link = await services.imageLinks.open({ file: c.req.param("file") ?? "", query: c.req.query() });
    if (!link.ok) return failureResponse(c, link.error);
    const { latentId, options } = link.value;
    const cached = await services.images.stream(latentId, options);
    const shown = cached === undefined ? await decodeAgain(c, services, link.value) : ok(cached);
    if (!shown.ok) return failureResponse(c, shown.error);
    const tier = cached === undefined ? "latent" : "image";
    c.set("tier", tier);
    return imageResponse(link.value, { ...shown.value, tier }, c.req.header("if-none-match"));
  };
}

interface ImageFile extends Pick<StreamedImage, "length" | "etag"> {
  readonly body: StreamedImage["body"] | CachedImage["bytes"];
}

async function decodeAgain(
  c: Context<AppEnv>,
  { latents, decodeRuns, linkDecodeLimiter }: GetImageServices,
  { latentId, options }: LinkedImage,
): Promise<Result<ImageFile, Failure>> {
  const latent = await latents.find(latentId);
  if (latent === undefined) return err({ code: "not_found", what: "image" });
  const { bytes: file, account } = latent;
  const { success } = await linkDecodeLimiter.limit({ key: account });
  if (!success) return err(tooManyLinkDecodes);
  const job = { latentId, latent: file, options, account, reservationId: c.get("requestId"), origin: requestOrigin(c) };
  const { signal } = c.req.raw;
  const request = { ...job, priority: "interactive" } as const;
  const image = await decodeRuns.obtain(edgeLocation(c.req.raw), { request, signal });
  if (!image.ok) return image;
  const { bytes, etag } = image.value;
  return ok({ body: bytes, length: String(bytes.length), etag });
}

/** `max-age` ends with the link, so that no shared cache serves the picture after the link has expired. */
function imageResponse(
  { secondsLeft, options }: OpenedLink,
  { body, length, etag, tier }: ImageFile & { readonly tier: Tier },
  ifNoneMatch: string | undefined,
): Response {
  const headers = {
    "cache-control": `public, max-age=${secondsLeft}, immutable`,
    etag,
    "x-wuerstchen-tier": tier,
    "cross-origin-resource-policy": "cross-origin",
  };
  if (isNamed(etag, ifNoneMatch)) return new Response(null, { status: 304, headers });
  const content = { "content-type": imageContentType(options.format), "content-length": length };
  return new Response(body, { headers: { ...headers, ...content, "x-content-type-options": "nosniff" } });
}

/** RFC 9110: a list of tags or "*", compared weakly. */
function isNamed(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//u, ""));
  return tags.includes(etag) || tags.includes("*");
}
