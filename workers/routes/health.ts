import type { Handler } from "hono";
import type { Health } from "../../shared/api/health.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { GpuClient } from "../gpu/gpu-client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import type { ModelRegistry } from "../models/registry.ts";

/** How the GPU backend is: "other_model" when it has loaded another bundle, or another revision, than the edge. */
type BackendStatus = "ready" | "starting" | "unreachable" | "other_model";

/** The edge's answer: overall status, and that of each part. The edge is ready when it can answer at all. */
interface EdgeHealth extends Health {
  readonly parts: { readonly edge: "ready"; readonly backend: BackendStatus };
}

/** What the route needs. */
export interface HealthServices {
  readonly gpu: Pick<GpuClient, "health">;
  readonly models: ModelRegistry;
}

/** `GET /v1/health`: 200 when pictures can be made, else 503; the body says which part is not ready. */
export function health({ gpu, models }: HealthServices): Handler<AppEnv> {
  return async (c) => {
    const { manifest } = models.default;
    const backend = backendStatus(await gpu.health(), manifest);
    const isReady = backend === "ready";
    const body: EdgeHealth = {
      status: isReady ? "ready" : "starting",
      model: manifest.id,
      revision: manifest.revision,
      parts: { edge: "ready", backend },
    };
    return c.json(body, isReady ? 200 : 503, { "cache-control": "no-store" });
  };
}

function backendStatus(answer: Health | undefined, manifest: Manifest): BackendStatus {
  if (answer === undefined) return "unreachable";
  const isSame = answer.model === manifest.id && answer.revision === manifest.revision;
  return isSame ? answer.status : "other_model";
}
