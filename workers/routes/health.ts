import type { Handler } from "hono";
import type { EdgeHealth, Health } from "../../shared/api/health.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { GpuClient } from "../gpu/gpu-client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import type { ModelRegistry } from "../models/registry.ts";

/** Best first: of many backends the best one's status counts, since that one gets the work. */
const backendStatuses = ["ready", "starting", "other_model", "unreachable"] as const;

/**
 * How long an isolate answers from its last look at the backends: a flood wakes no GPU that scales to zero. Shorter
 * while nothing is ready, because somebody waits for it then.
 */
const lookMs = { ready: 5_000, other: 1_000 };

/** What the route needs. */
export interface HealthServices {
  readonly gpu: Pick<GpuClient, "health">;
  readonly models: ModelRegistry;
  readonly nowMs: () => number;
}

type BackendStatus = EdgeHealth["parts"]["backend"];

/** `GET /v1/health`: 200 when pictures can be made, else 503; the body says which part is not ready. */
export function health(services: HealthServices): Handler<AppEnv> {
  const { manifest } = services.models.default;
  let look: Promise<BackendStatus> | undefined;
  let nextLookMs = Number.NEGATIVE_INFINITY;
  return async (c) => {
    const nowMs = services.nowMs();
    if (look === undefined || nowMs >= nextLookMs) {
      nextLookMs = nowMs + lookMs.other;
      look = bestStatus(services.gpu, manifest);
      void look.then((status) => {
        if (status === "ready") nextLookMs = nowMs + lookMs.ready;
      });
    }
    const backend = await look;
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

async function bestStatus(gpu: HealthServices["gpu"], manifest: Manifest): Promise<BackendStatus> {
  const found = (await gpu.health()).map((answer) => backendStatus(answer, manifest));
  return backendStatuses.find((status) => found.includes(status)) ?? "unreachable";
}

/** How a backend that gave this answer stands to the edge; undefined: it gave none. */
export function backendStatus(answer: Health | undefined, manifest: Manifest): BackendStatus {
  if (answer === undefined) return "unreachable";
  const held = answer.models ?? [answer];
  const isHeld = held.some(({ model, revision }) => model === manifest.id && revision === manifest.revision);
  return isHeld ? answer.status : "other_model";
}
