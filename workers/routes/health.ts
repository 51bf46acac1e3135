import type { Handler } from "hono";
import type { EdgeHealth, Health } from "../../shared/api/health.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { GpuClient } from "../gpu/gpu-client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import type { ModelRegistry } from "../models/registry.ts";

/** Best first: of many backends the best one's status counts, since that one gets the work. */
const backendStatuses = ["ready", "starting", "other_model", "unreachable"] as const;

/** What the route needs. */
export interface HealthServices {
  readonly gpu: Pick<GpuClient, "health">;
  readonly models: ModelRegistry;
}

/** `GET /v1/health`: 200 when pictures can be made, else 503; the body says which part is not ready. */
export function health({ gpu, models }: HealthServices): Handler<AppEnv> {
  return async (c) => {
    const { manifest } = models.default;
    const found = (await gpu.health()).map((answer) => backendStatus(answer, manifest));
    const backend = backendStatuses.find((status) => found.includes(status)) ?? "unreachable";
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

function backendStatus(answer: Health | undefined, manifest: Manifest): EdgeHealth["parts"]["backend"] {
  if (answer === undefined) return "unreachable";
  const isSame = answer.model === manifest.id && answer.revision === manifest.revision;
  return isSame ? answer.status : "other_model";
}
