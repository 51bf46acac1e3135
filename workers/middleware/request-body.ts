import type { Context, MiddlewareHandler } from "hono";
import { bodySecondsMax } from "../../shared/limits.ts";
import type { BodyBudget, BodyHolder, BodyLease } from "../edge/body-budget.ts";
import { type RequestBody, receiveBody } from "../edge/receive-body.ts";
import type { AppEnv } from "./app-env.ts";
import { addressOf } from "./limit-by-address.ts";

/** What reading bodies takes. */
export interface BodyServices {
  readonly bodyBudget: BodyBudget;
  readonly timeout: (milliseconds: number) => AbortSignal;
}

/**
 * Gives a route its body, of at most `bytesMax` bytes: the only way to one. Its bytes count until the request is
 * answered, for the account whose key was shown by the time that it is read, or else for the address.
 */
export function provideBody({ bodyBudget, timeout }: BodyServices, bytesMax: number): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    let lease: BodyLease | undefined;
    let received: ReturnType<RequestBody["bytes"]> | undefined;
    function receive(): ReturnType<RequestBody["bytes"]> {
      lease = bodyBudget.open(holderOf(c));
      return receiveBody(c.req.raw, { bytesMax, lease, late: timeout(bodySecondsMax * 1_000) });
    }
    c.set("body", {
      bytes() {
        received ??= receive();
        return received;
      },
    });
    try {
      await next();
    } finally {
      lease?.release();
    }
  };
}

function holderOf(c: Context<AppEnv>): BodyHolder {
  // Absent until a guard has set them, whatever the context's type says.
  const account: string | undefined = c.get("account");
  const operator: string | undefined = c.get("operator");
  const caller = account ?? (operator && `operator:${operator}`);
  return caller === undefined ? { address: addressOf(c) } : { caller };
}
