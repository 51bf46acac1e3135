import type { Handler } from "hono";
import type { OwnKeyList } from "../../shared/api/own-keys.ts";
import type { Accounts } from "../account/client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { notStored } from "./admin-accounts.ts";
import { keyItem } from "./admin-keys.ts";

/** `GET /v1/keys`: the keys of the caller's account, the oldest first. Of none the key itself or its hash. */
export function listOwnKeys({ accounts }: { readonly accounts: Accounts }): Handler<AppEnv> {
  return async (c) => {
    const records = await accounts.of(c.get("account")).keys();
    const current = c.get("keyId");
    const list: OwnKeyList = {
      object: "list",
      data: records.map((record) => ({ ...keyItem(record), current: record.id === current })),
      has_more: false,
    };
    return c.json(list, 200, notStored);
  };
}
