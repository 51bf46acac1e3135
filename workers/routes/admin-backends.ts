import type { Handler } from "hono";
import type { BackendItem } from "../../shared/api/operator-answers.ts";
import type { BackendLook, GpuClient } from "../gpu/gpu-client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { notStored } from "./admin-accounts.ts";
import { backendStatus } from "./health.ts";

/** What the route needs. */
export interface BackendServices {
  readonly gpu: Pick<GpuClient, "backends">;
  readonly models: ModelRegistry;
}

/** `GET /v1/admin/backends`: asks every backend now, and wakes those that scale to zero. */
export function listBackends({ gpu, models }: BackendServices): Handler<AppEnv> {
  const { manifest } = models.default;
  return async (c) => {
    const looks = await gpu.backends();
    const data = looks.map((look): BackendItem => backendItem(look, backendStatus(look.health, manifest)));
    return c.json({ object: "list", data, has_more: false }, 200, notStored);
  };
}

function backendItem({ host, backend, health, backlogMs }: BackendLook, status: BackendItem["status"]): BackendItem {
  return {
    object: "backend",
    host,
    region: backend.region ?? null,
    standby: backend.standby === true,
    status,
    revision: health?.revision ?? null,
    models: (health?.models ?? []).map(({ model: id, revision, warm }) => ({ id, revision, warm })),
    tasks_waiting: health?.tasks?.waiting ?? null,
    tasks_running: health?.tasks?.running ?? null,
    backlog_ms: backlogMs ?? null,
  };
}
