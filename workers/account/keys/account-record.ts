import type { AccountRequest } from "../../../shared/api/account-request.ts";
import type { RequestDefaults } from "../../../shared/api/request-defaults.ts";

/** An account as its operator sees it. */
export interface AccountRecord {
  readonly id: string;
  readonly name: string;
  /** Unix milliseconds. */
  readonly createdMs: number;
  readonly suspended: boolean;
  /** Requests in flight at once; undefined: the service's default. */
  readonly concurrencyMax: number | undefined;
  /** Undefined: the service's default, here and below. */
  readonly latentsPerPrompt: number | undefined;
  readonly latentBytesMax: number | undefined;
  /** Whom Stripe is told about usage for. */
  readonly stripeCustomer: string | undefined;
  /** What requests of its keys mean where neither they nor their key say anything. */
  readonly defaults: RequestDefaults | undefined;
}

interface AccountRow extends Record<string, SqlStorageValue> {
  readonly id: string;
  readonly name: string;
  readonly created_ms: number;
  readonly suspended: number;
  readonly concurrency_max: number | null;
  readonly latents_per_prompt: number | null;
  readonly latent_bytes_max: number | null;
  readonly stripe_customer: string | null;
  /** JSON */
  readonly request_defaults: string | null;
}

/** The account whose object this is; undefined before it was opened. */
export function readAccount(sql: SqlStorage): AccountRecord | undefined {
  const row = sql.exec<AccountRow>("SELECT * FROM account").toArray()[0];
  if (row === undefined) return undefined;
  return {
    id: row.id,
    name: row.name,
    createdMs: row.created_ms,
    suspended: row.suspended !== 0,
    concurrencyMax: row.concurrency_max ?? undefined,
    latentsPerPrompt: row.latents_per_prompt ?? undefined,
    latentBytesMax: row.latent_bytes_max ?? undefined,
    stripeCustomer: row.stripe_customer ?? undefined,
    defaults: row.request_defaults === null ? undefined : JSON.parse(row.request_defaults),
  };
}

/** Opens an account; changes nothing when it is open. */
export function insertAccount(sql: SqlStorage, id: string, nowMs: number): void {
  const insert = "INSERT OR IGNORE INTO account (only_one, id, name, created_ms, suspended) VALUES (1, ?, '', ?, 0)";
  sql.exec(insert, id, nowMs);
}

/** Sets what a request names. */
export function updateAccount(sql: SqlStorage, request: AccountRequest): void {
  const { name, suspended, concurrencyMax, latentsPerPrompt, latentBytesMax, stripeCustomer, defaults } = request;
  const values: readonly (readonly [column: string, value: string | number | null | undefined])[] = [
    ["name", name],
    ["suspended", suspended === undefined ? undefined : Number(suspended)],
    ["concurrency_max", concurrencyMax],
    ["latents_per_prompt", latentsPerPrompt],
    ["latent_bytes_max", latentBytesMax],
    ["stripe_customer", stripeCustomer],
    ["request_defaults", defaults && JSON.stringify(defaults)],
  ];
  for (const [column, value] of values) {
    if (value !== undefined) sql.exec(`UPDATE account SET ${column} = ?`, value);
  }
}
