import { type ObjectClient, type ObjectNamespace, objectClient } from "../edge/object-client.ts";
import type { AccountObject } from "./account-object.ts";

/** The methods of an account's object, from its class. */
export type AccountClient = ObjectClient<Omit<AccountObject, "alarm" | "fetch" | keyof Rpc.DurableObjectBranded>>;

/** All accounts, each a Durable Object. */
export interface Accounts {
  /** An account that was never opened has no key and no credit; its methods work. */
  of(account: string): AccountClient;
}

/** Accounts by their names. */
export function createAccounts(namespace: ObjectNamespace<AccountClient>): Accounts {
  return { of: (account) => objectClient(() => namespace.getByName(account)) };
}
