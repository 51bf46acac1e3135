import type { AccountRequest } from "../../../shared/api/account-request.ts";
import type { KeyTerms } from "../../../shared/api/key-request.ts";
import type { Failure } from "../../../shared/errors.ts";
import type { Result } from "../../../shared/result.ts";
import { callObject, type ObjectNamespace } from "../../edge/call-object.ts";
import type { Rotation } from "./account-admin.ts";
import type { AccountRecord } from "./account-record.ts";
import type { Admission, AdmissionRequest } from "./admission.ts";
import type { Actor, AuditEntry } from "./audit.ts";
import type { KeyRecord } from "./key-record.ts";

/** Part of an audit log. */
export interface AuditPage {
  /** The number of the last entry that is known; 0 for none. */
  readonly after: number;
  readonly limit: number;
}

/** The methods by which an account's object keeps the account and its keys; see `AccountDesk` and `admit`. */
export interface AccountRpc {
  account(): Promise<AccountRecord | undefined>;
  changeAccount(id: string, request: AccountRequest, actor: Actor): Promise<AccountRecord>;
  keys(): Promise<readonly KeyRecord[]>;
  createKey(sha256: string, terms: KeyTerms, actor: Actor): Promise<Result<KeyRecord, Failure>>;
  rotateKey(rotation: Rotation, actor: Actor): Promise<Result<KeyRecord, Failure>>;
  revokeKey(keyId: string, actor: Actor): Promise<Result<KeyRecord, Failure>>;
  audit(page: AuditPage): Promise<readonly AuditEntry[]>;
  admit(request: AdmissionRequest): Promise<Admission>;
}

/** All accounts. */
export interface Accounts {
  /** The methods work for an account that was never opened, too: it has no keys. */
  of(account: string): AccountRpc;
}

/** Accounts in the Durable Objects that also keep their ledgers, one an account. */
export function createAccounts(namespace: ObjectNamespace<AccountRpc>): Accounts {
  return {
    of(id) {
      const call = <Answer>(method: (account: AccountRpc) => Promise<Answer>) =>
        callObject(() => namespace.getByName(id), method);
      return {
        account: () => call((object) => object.account()),
        changeAccount: (...order) => call((object) => object.changeAccount(...order)),
        keys: () => call((object) => object.keys()),
        createKey: (...order) => call((object) => object.createKey(...order)),
        rotateKey: (...order) => call((object) => object.rotateKey(...order)),
        revokeKey: (...order) => call((object) => object.revokeKey(...order)),
        audit: (page) => call((object) => object.audit(page)),
        admit: (request) => call((object) => object.admit(request)),
      };
    },
  };
}
