import { AccountObject } from "../account/account-object.ts";
import { createAuditIndex } from "../account/keys/audit-index.ts";
import { parseEnv } from "../env.ts";
import { storeKey } from "../latents/latent-cache.ts";
import { log, platform } from "../platform.ts";

/** The Durable Object of one account: see `AccountObject`. Its name is stored, so it stays. */
export class AccountLedgerObject extends AccountObject {
  constructor(state: DurableObjectState, env: unknown) {
    const { USAGE, USAGE_EVENTS, LATENTS } = parseEnv(env);
    super(state, env, {
      nowMs: platform().nowMs,
      log,
      sendUsage: (events) => USAGE_EVENTS.sendBatch(events.map((body) => ({ body }))),
      auditIndex: createAuditIndex(USAGE),
      deleteLatents: (ids) => LATENTS.delete(ids.map(storeKey)),
    });
  }
}
