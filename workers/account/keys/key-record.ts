import type { KeyTerms } from "../../../shared/api/key-request.ts";

/** A key as the account's object knows it. The key itself is nowhere. */
export interface KeyRecord extends KeyTerms {
  /** "key_" and 24 hexadecimal characters of its hash: names the key and opens nothing. */
  readonly id: string;
  /** Of the key, in hexadecimal. */
  readonly sha256: string;
  /** Unix milliseconds, as all times here. */
  readonly createdMs: number;
  readonly revokedMs: number | undefined;
  /** The id of the key that it was exchanged for. */
  readonly replacedBy: string | undefined;
}

/** The id of a key: 96 bits of its SHA-256, in hexadecimal. No two keys share one. */
export function keyIdOf(sha256: string): string {
  return `key_${sha256.slice(0, 24)}`;
}

/** Whether a key works at a moment. */
export function isKeyValid({ revokedMs, expiresMs }: KeyRecord, nowMs: number): boolean {
  return revokedMs === undefined && (expiresMs === undefined || nowMs < expiresMs);
}

interface KeyRow extends Record<string, SqlStorageValue> {
  readonly id: string;
  readonly sha256: string;
  readonly name: string;
  /** JSON */
  readonly scopes: string;
  readonly created_ms: number;
  readonly expires_ms: number | null;
  readonly revoked_ms: number | null;
  readonly replaced_by: string | null;
  readonly requests_per_minute: number | null;
  readonly budget_micro_usd_per_day: number | null;
  /** JSON */
  readonly request_defaults: string | null;
  /** JSON */
  readonly models: string | null;
}

/** All keys of the account, the oldest first, revoked ones too. */
export function readKeys(sql: SqlStorage): KeyRecord[] {
  return sql.exec<KeyRow>("SELECT * FROM keys ORDER BY created_ms, id").toArray().map(toRecord);
}

/** The key with this id. */
export function findKey(sql: SqlStorage, id: string): KeyRecord | undefined {
  return sql.exec<KeyRow>("SELECT * FROM keys WHERE id = ?", id).toArray().map(toRecord)[0];
}

/** Adds a key; an existing one is unchanged. */
export function insertKey(sql: SqlStorage, sha256: string, terms: KeyTerms, nowMs: number): void {
  sql.exec(
    `INSERT OR IGNORE INTO keys
       (id, sha256, name, scopes, created_ms, expires_ms, requests_per_minute, budget_micro_usd_per_day,
        request_defaults, models)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    keyIdOf(sha256),
    sha256,
    terms.name,
    JSON.stringify(terms.scopes),
    nowMs,
    terms.expiresMs ?? null,
    terms.requestsPerMinute ?? null,
    terms.budgetMicroUsdPerDay ?? null,
    terms.defaults === undefined ? null : JSON.stringify(terms.defaults),
    terms.models === undefined ? null : JSON.stringify(terms.models),
  );
}

/** Revokes a key permanently. */
export function revokeKey(sql: SqlStorage, id: string, nowMs: number): void {
  sql.exec("UPDATE keys SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", nowMs, id);
}

/** Has a key end at a time, or earlier if it would anyway, because another takes its place. */
export function replaceKey(sql: SqlStorage, id: string, { by, endMs }: { by: string; endMs: number }): void {
  const update = "UPDATE keys SET replaced_by = ?, expires_ms = MIN(?, COALESCE(expires_ms, ?)) WHERE id = ?";
  sql.exec(update, by, endMs, endMs, id);
}

function toRecord(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    sha256: row.sha256,
    name: row.name,
    scopes: JSON.parse(row.scopes),
    createdMs: row.created_ms,
    expiresMs: row.expires_ms ?? undefined,
    revokedMs: row.revoked_ms ?? undefined,
    replacedBy: row.replaced_by ?? undefined,
    requestsPerMinute: row.requests_per_minute ?? undefined,
    budgetMicroUsdPerDay: row.budget_micro_usd_per_day ?? undefined,
    defaults: row.request_defaults === null ? undefined : JSON.parse(row.request_defaults),
    models: row.models === null ? undefined : JSON.parse(row.models),
  };
}
