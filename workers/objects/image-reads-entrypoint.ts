import { WorkerEntrypoint } from "cloudflare:workers";
import { answerImageRead } from "../images/image-reads.ts";

/**
 * Reached by this Worker alone. Workers Cache stands before it where wrangler.toml enables that; see docs/deploy.md.
 */
export class ImageReadsEntrypoint extends WorkerEntrypoint {
  override fetch(request: Request): Promise<Response> {
    return answerImageRead(caches.default, request);
  }
}
