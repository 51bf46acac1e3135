import type { AccountRequest } from "../../../shared/api/account-request.ts";
import type { KeyTerms } from "../../../shared/api/key-request.ts";
import { type Failure, invalidRequest } from "../../../shared/errors.ts";
import { keysPerAccountMax } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type AccountRecord, insertAccount, readAccount, updateAccount } from "./account-record.ts";
import { type AccountChange, type Actor, writeAudit } from "./audit.ts";
import {
  findKey,
  insertKey,
  isKeyValid,
  type KeyRecord,
  keyIdOf,
  readKeys,
  replaceKey,
  revokeKey,
} from "./key-record.ts";

/** An order by an operator. */
export interface Order {
  readonly actor: Actor;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** A key that takes another one's place. */
export interface Rotation {
  readonly keyId: string;
  /** Of the new key, in hexadecimal. */
  readonly sha256: string;
  readonly overlapSeconds: number;
}

type DeskStorage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

/**
 * The account itself and its keys, in the account's object. Every change is one storage transaction together with its
 * audit entry, and may be repeated: a repeat changes nothing and writes no entry.
 */
export class AccountAdmin {
  readonly #storage: DeskStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DeskStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** Opens the account if it is not open, and sets what the request names. */
  change(id: string, request: AccountRequest, order: Order): AccountRecord {
    return this.#storage.transactionSync(() => {
      const before = readAccount(this.#sql);
      insertAccount(this.#sql, id, order.nowMs);
      updateAccount(this.#sql, request);
      const after = readAccount(this.#sql);
      if (after === undefined) throw new TypeError("An account that was inserted is there.");
      const details = settingsOf(after);
      const isChanged = before === undefined || JSON.stringify(settingsOf(before)) !== JSON.stringify(details);
      const action = before === undefined ? "account.opened" : "account.changed";
      if (isChanged) this.#note({ action, subject: id, details }, order);
      return after;
    });
  }

  /**
   * Adds a key by its hash. Fails with `not_found` without an account, or `invalid_request` beyond the limit of keys.
   */
  createKey(sha256: string, terms: KeyTerms, order: Order): Result<KeyRecord, Failure> {
    return this.#storage.transactionSync(() => {
      if (readAccount(this.#sql) === undefined) return err({ code: "not_found", what: "account" });
      return this.#addKey(sha256, terms, order);
    });
  }

  /** Puts a new key with the same terms in an old one's place. Fails with `not_found` for a key that does not work. */
  rotateKey({ keyId, sha256, overlapSeconds }: Rotation, order: Order): Result<KeyRecord, Failure> {
    return this.#storage.transactionSync(() => {
      const old = findKey(this.#sql, keyId);
      const by = keyIdOf(sha256);
      const known = findKey(this.#sql, by);
      if (known !== undefined && old?.replacedBy === by) return ok(known);
      if (old === undefined || !isKeyValid(old, order.nowMs)) return err({ code: "not_found", what: "key" });
      const added = this.#addKey(sha256, old, order);
      if (!added.ok) return added;
      replaceKey(this.#sql, keyId, { by, endMs: order.nowMs + overlapSeconds * 1_000 });
      this.#note({ action: "key.rotated", subject: keyId, details: { by, overlap_seconds: overlapSeconds } }, order);
      return added;
    });
  }

  /** Ends a key at once. Fails with `not_found` when there is none of this id. */
  revokeKey(keyId: string, order: Order): Result<KeyRecord, Failure> {
    return this.#storage.transactionSync(() => {
      const key = findKey(this.#sql, keyId);
      if (key === undefined) return err({ code: "not_found", what: "key" });
      if (key.revokedMs !== undefined) return ok(key);
      revokeKey(this.#sql, keyId, order.nowMs);
      this.#note({ action: "key.revoked", subject: keyId, details: { name: key.name } }, order);
      return ok({ ...key, revokedMs: order.nowMs });
    });
  }

  #addKey(sha256: string, terms: KeyTerms, order: Order): Result<KeyRecord, Failure> {
    const id = keyIdOf(sha256);
    const known = findKey(this.#sql, id);
    if (known !== undefined) return ok(known);
    const valid = readKeys(this.#sql).filter((key) => isKeyValid(key, order.nowMs)).length;
    if (valid >= keysPerAccountMax) {
      return err(invalidRequest(null, `An account has at most ${keysPerAccountMax} keys that work. Revoke one first.`));
    }
    insertKey(this.#sql, sha256, terms, order.nowMs);
    const details = { name: terms.name, scopes: terms.scopes.join(" "), expires_ms: terms.expiresMs ?? null };
    this.#note({ action: "key.created", subject: id, details }, order);
    const added = findKey(this.#sql, id);
    return added === undefined ? err({ code: "internal" }) : ok(added);
  }

  #note(change: AccountChange, { actor, nowMs }: Order): void {
    writeAudit(this.#sql, actor, change, nowMs);
  }
}

function settingsOf(account: AccountRecord): AccountChange["details"] {
  return {
    name: account.name,
    suspended: account.suspended,
    concurrency_max: account.concurrencyMax ?? null,
    latents_per_prompt: account.latentsPerPrompt ?? null,
    latent_bytes_max: account.latentBytesMax ?? null,
    stripe_customer: account.stripeCustomer ?? null,
    defaults: account.defaults === undefined ? null : JSON.stringify(account.defaults),
  };
}
