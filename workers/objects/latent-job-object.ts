import { DurableObject } from "cloudflare:workers";
import { ok } from "../../shared/result.ts";
import type { StageCEvent } from "../../shared/wire/stage-c-events.ts";
import { platform } from "../platform.ts";
import { withEarlierName } from "../single-flight/earlier-names.ts";
import {
  type LatentRequest,
  LatentRun,
  type LatentRunRecord,
  type LatentRunStore,
} from "../single-flight/latent-run.ts";
import type { OnNews } from "../single-flight/shared-run.ts";
import { runServices } from "./run-services.ts";

/** Time until the unfinished run of an object that ended starts again by itself. */
const redriveMs = 10_000;

/** The key of the record in the object's storage; a new form gets a new key. */
const recordKey = "latent-job/v1";

/** The Durable Object of one latent that is being made. Its storage is empty whenever no run is in progress. */
export class LatentJobObject extends DurableObject<unknown> {
  readonly #run: LatentRun;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#run = new LatentRun({ ...runServices(env), store: storeIn(state.storage) });
  }

  /** See `LatentRun.obtain`. */
  async obtain(request: LatentRequest, onEvent?: OnNews<StageCEvent>) {
    const outcome = await this.#run.obtain(withEarlierName(request), onEvent);
    return outcome.ok ? ok(withEarlierName(outcome.value)) : outcome;
  }

  /** See `LatentRun.leave`. */
  leave(waiterId: string) {
    this.#run.leave(waiterId);
  }

  override alarm(): Promise<void> {
    return this.#run.redrive();
  }
}

function storeIn(storage: DurableObjectStorage): LatentRunStore {
  const setAlarm = () => void storage.setAlarm(platform().nowMs() + redriveMs);
  return {
    read() {
      const record = storage.kv.get<LatentRunRecord>(recordKey);
      return record && { ...record, request: withEarlierName(record.request) };
    },
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
