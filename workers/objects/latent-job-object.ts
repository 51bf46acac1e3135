import { DurableObject } from "cloudflare:workers";
import type { StageCEvent } from "../../shared/wire/stage-c-events.ts";
import { platform } from "../platform.ts";
import {
  LatentJob,
  type LatentJobRecord,
  type LatentJobStore,
  type LatentRequest,
} from "../single-flight/latent-run.ts";
import type { OnNews } from "../single-flight/shared-run.ts";
import { jobParts } from "./job-parts.ts";

/** How long an object may be gone before its unfinished job is begun again without anybody asking. */
const redriveMs = 10_000;

/** The key of the record in the object's storage; a new form gets a new key. */
const recordKey = "latent-job/v1";

/** The Durable Object of one latent that is being made. Its storage is empty whenever no job is under way. */
export class LatentJobObject extends DurableObject<unknown> {
  readonly #job: LatentJob;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#job = new LatentJob({ ...jobParts(env), store: storeIn(state.storage) });
  }

  /** See `LatentJob.obtain`. */
  obtain(request: LatentRequest, onEvent?: OnNews<StageCEvent>) {
    return this.#job.obtain(request, onEvent);
  }

  /** See `LatentJob.leave`. */
  leave(waiterId: string) {
    this.#job.leave(waiterId);
  }

  override alarm(): Promise<void> {
    return this.#job.redrive();
  }
}

function storeIn(storage: DurableObjectStorage): LatentJobStore {
  const setAlarm = () => void storage.setAlarm(platform().nowMs() + redriveMs);
  return {
    read: () => storage.kv.get<LatentJobRecord>(recordKey),
    write(record) {
      storage.kv.put(recordKey, record);
      setAlarm();
    },
    setAlarm,
    async clear() {
      await storage.deleteAlarm();
      await storage.deleteAll();
    },
  };
}
