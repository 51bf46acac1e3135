// The Worker of wrangler.toml with faults at its bindings: the main module of `npm run chaos`, and of no deployment.
import worker, {
  AccountJobsObject as RealAccountJobs,
  AccountLedgerObject as RealAccountLedger,
  AsyncJobObject as RealAsyncJob,
  DecodeJobObject as RealDecodeJob,
  ImageReadsEntrypoint as RealImageReads,
  LatentJobObject as RealLatentJob,
} from "../../../workers/index.ts";
import { drawDeliveryTrouble, setFaults } from "./faults.ts";
import { faultyEnvironment, installFaultyCache } from "./faulty-bindings.ts";

installFaultyCache();

/** Where the runner tells the faults, as JSON of `BindingFaults`. */
const faultsPath = "/chaos/faults";

/** A message that is to come again comes after so long. */
const delaySeconds = 1;

export class AccountJobsObject extends RealAccountJobs {
  constructor(state: DurableObjectState, env: object) {
    super(state, faultyEnvironment(env));
  }
}

export class AccountLedgerObject extends RealAccountLedger {
  constructor(state: DurableObjectState, env: object) {
    super(state, faultyEnvironment(env));
  }
}

export class AsyncJobObject extends RealAsyncJob {
  constructor(state: DurableObjectState, env: object) {
    super(state, faultyEnvironment(env));
  }
}

export class DecodeJobObject extends RealDecodeJob {
  constructor(state: DurableObjectState, env: object) {
    super(state, faultyEnvironment(env));
  }
}

export class LatentJobObject extends RealLatentJob {
  constructor(state: DurableObjectState, env: object) {
    super(state, faultyEnvironment(env));
  }
}

export class ImageReadsEntrypoint extends RealImageReads {}

export default {
  async fetch(request, env, context): Promise<Response> {
    if (new URL(request.url).pathname !== faultsPath) return worker.fetch(request, faultyEnvironment(env), context);
    setFaults(await request.json());
    return new Response(null, { status: 204 });
  },

  async queue(batch, env): Promise<void> {
    const trouble = drawDeliveryTrouble();
    if (trouble === "dropped") return batch.ackAll();
    if (trouble === "delayed") return batch.retryAll({ delaySeconds });
    const messages = trouble === "reordered" ? batch.messages.toReversed() : batch.messages;
    const delivered = { queue: batch.queue, messages } as MessageBatch;
    await worker.queue(delivered, faultyEnvironment(env));
    if (trouble === "doubled") await worker.queue(delivered, faultyEnvironment(env));
  },

  scheduled: (event, env) => worker.scheduled(event, faultyEnvironment(env)),
} satisfies ExportedHandler<object>;
