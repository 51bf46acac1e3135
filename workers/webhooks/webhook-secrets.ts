/** How long the secret before stays valid beside a new one. */
const overlapMs = 24 * 3_600_000;

/** Secrets that are valid at once; a further rotation within the overlap drops the oldest. */
const secretsMax = 5;

/** The table; part of the migrations of the object that has it. */
export const webhookSecretsTable = `
  CREATE TABLE webhook_secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    secret TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    -- Null for the newest.
    expires_ms INTEGER
  );
`;

/** A secret by which an account's webhooks are signed. */
export interface WebhookSecret {
  readonly secret: string;
  readonly createdMs: number;
  /** Undefined for the newest. */
  readonly expiresMs: number | undefined;
}

interface SecretRow extends Record<string, SqlStorageValue> {
  readonly secret: string;
  readonly created_ms: number;
  readonly expires_ms: number | null;
}

/** The secrets of one account. Always true: there is exactly one that does not expire, from the first look on. */
export class WebhookSecrets {
  readonly #sql: SqlStorage;
  readonly #newSecret: () => string;

  constructor(sql: SqlStorage, newSecret: () => string) {
    this.#sql = sql;
    this.#newSecret = newSecret;
  }

  /** Those that are valid now, newest first. */
  valid(nowMs: number): readonly WebhookSecret[] {
    const known = this.#read(nowMs);
    return known.length > 0 ? known : this.rotate(nowMs);
  }

  /** Makes a new secret; the one before stays valid for a day. */
  rotate(nowMs: number): readonly WebhookSecret[] {
    this.#sql.exec("UPDATE webhook_secrets SET expires_ms = ? WHERE expires_ms IS NULL", nowMs + overlapMs);
    this.#sql.exec("INSERT INTO webhook_secrets (secret, created_ms) VALUES (?, ?)", this.#newSecret(), nowMs);
    const newest = "SELECT id FROM webhook_secrets ORDER BY id DESC LIMIT ?";
    this.#sql.exec(`DELETE FROM webhook_secrets WHERE expires_ms <= ? OR id NOT IN (${newest})`, nowMs, secretsMax);
    return this.#read(nowMs);
  }

  #read(nowMs: number): readonly WebhookSecret[] {
    const query = `SELECT secret, created_ms, expires_ms FROM webhook_secrets
      WHERE expires_ms IS NULL OR expires_ms > ? ORDER BY id DESC`;
    const rows = this.#sql.exec<SecretRow>(query, nowMs).toArray();
    return rows.map(({ secret, created_ms: createdMs, expires_ms }) => ({
      secret,
      createdMs,
      expiresMs: expires_ms ?? undefined,
    }));
  }
}
