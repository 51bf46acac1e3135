import { runMigrations, type TableStorage } from "../edge/run-migrations.ts";

// The tables of one account. A change of form is a new migration here, never an edit: objects keep their storage.

/** Run in order, each once, by `migrate`. */
const migrations: readonly string[] = [
  `
  -- Double entry: the rows of one transaction sum to 0. Never changed, never deleted, and a transaction is posted once.
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id TEXT NOT NULL,
    bucket TEXT NOT NULL CHECK (bucket IN ('granted', 'available', 'held', 'spent')),
    micro_usd INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (transaction_id, bucket)
  );
  CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append only'); END;
  CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'append only'); END;

  -- The sums of the entries, kept so that a reservation need not add them up. Only the source of credit may be negative.
  CREATE TABLE balances (
    bucket TEXT PRIMARY KEY,
    micro_usd INTEGER NOT NULL,
    CHECK (bucket = 'granted' OR micro_usd >= 0)
  );
  INSERT INTO balances VALUES ('granted', 0), ('available', 0), ('held', 0), ('spent', 0);

  CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'released')),
    idempotency_key TEXT UNIQUE,
    digest TEXT NOT NULL,
    seeds TEXT NOT NULL,
    ceiling_micro_usd INTEGER NOT NULL,
    holders INTEGER NOT NULL,
    settlement TEXT,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
  );
  CREATE INDEX reservations_by_digest ON reservations (digest, created_ms);
  CREATE INDEX reservations_by_due ON reservations (due_ms);

  -- Work that was done for a reservation which is not settled yet.
  CREATE TABLE work (
    reservation_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    latent_id TEXT NOT NULL,
    micro_usd INTEGER NOT NULL,
    PRIMARY KEY (reservation_id, kind, latent_id)
  );

  CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL);
  `,
  `
  -- Money kept for the many requests of one job. What is held is the sum of open reservations and of these.
  CREATE TABLE holds (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    remaining_micro_usd INTEGER NOT NULL CHECK (remaining_micro_usd >= 0),
    spent_micro_usd INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
  );
  CREATE INDEX holds_by_due ON holds (due_ms);

  -- The hold that a reservation was taken out of.
  ALTER TABLE reservations ADD COLUMN hold_id TEXT;
  CREATE INDEX reservations_by_hold ON reservations (hold_id) WHERE hold_id IS NOT NULL;
  `,
  `
  CREATE TABLE account (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    suspended INTEGER NOT NULL,
    concurrency_max INTEGER,
    stripe_customer TEXT
  );

  CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER,
    replaced_by TEXT,
    requests_per_minute INTEGER,
    budget_micro_usd_per_day INTEGER
  );

  -- What a key's requests of a day were charged, and hold. A request counts for the day on which it came.
  CREATE TABLE key_spending (
    key_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    micro_usd INTEGER NOT NULL,
    PRIMARY KEY (key_id, day)
  );
  ALTER TABLE reservations ADD COLUMN key_id TEXT;
  CREATE INDEX reservations_open ON reservations (state) WHERE state = 'open';

  -- Who did what to the account, written in one transaction with the change.
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL
  );
  CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END;
  CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END;
  `,
  `
  ALTER TABLE account ADD COLUMN latents_per_prompt INTEGER;
  ALTER TABLE account ADD COLUMN latent_bytes_max INTEGER;

  -- The latents that the account was given, by the prompt that they show. Bytes are 0 for one that it did not make.
  CREATE TABLE latents (
    id TEXT PRIMARY KEY,
    recipe TEXT NOT NULL,
    seed INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    cost_micro_usd INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    -- When it was given last, by the count in latent_total.
    given INTEGER NOT NULL
  );
  CREATE INDEX latents_by_recipe ON latents (recipe, made_ms);
  CREATE TABLE latent_total (bytes INTEGER NOT NULL, given INTEGER NOT NULL);
  INSERT INTO latent_total VALUES (0, 0);
  CREATE TRIGGER latent_enters AFTER INSERT ON latents BEGIN UPDATE latent_total SET bytes = bytes + NEW.bytes; END;
  CREATE TRIGGER latent_leaves AFTER DELETE ON latents BEGIN UPDATE latent_total SET bytes = bytes - OLD.bytes; END;

  -- What each caller was given last.
  CREATE TABLE turns (
    recipe TEXT NOT NULL,
    caller TEXT NOT NULL,
    seeds TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (recipe, caller)
  );
  CREATE INDEX turns_by_time ON turns (at_ms);

  -- Latents that the store still holds and shall not.
  CREATE TABLE evictions (id TEXT PRIMARY KEY);
  ALTER TABLE reservations ADD COLUMN recipe TEXT;
  `,
  `
  -- What was refunded of each grant, and what of it could not be taken back yet.
  CREATE TABLE refunds (grant_id TEXT PRIMARY KEY, micro_usd INTEGER NOT NULL);
  CREATE TABLE owed (micro_usd INTEGER NOT NULL CHECK (micro_usd >= 0), count INTEGER NOT NULL);
  INSERT INTO owed VALUES (0, 0);
  `,
  `
  -- Prompts that were asked for with reuse "similar": keyed digests of their tokens, sorted, with blanks between.
  CREATE TABLE prompts (
    recipe TEXT PRIMARY KEY,
    terms TEXT NOT NULL,
    tokens TEXT NOT NULL,
    token_count INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
  );
  CREATE INDEX prompts_by_terms ON prompts (terms, token_count);
  CREATE INDEX prompts_by_time ON prompts (at_ms);

  -- JSON: the latents of another prompt that stand in for the first of a request's pictures.
  ALTER TABLE reservations ADD COLUMN similar TEXT;
  `,
  `
  -- What the payer's bank took and gave back of each grant, by dispute.
  CREATE TABLE disputes (
    id TEXT PRIMARY KEY,
    grant_id TEXT NOT NULL,
    withdrawn_micro_usd INTEGER NOT NULL,
    returned_micro_usd INTEGER NOT NULL
  );
  CREATE INDEX disputes_by_grant ON disputes (grant_id);
  `,
  `
  -- Whether the client is known to have left before it was answered.
  ALTER TABLE reservations ADD COLUMN client_left INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- The latents that the account paid to keep, in the order in which it did: made from prompts and pictures, mixed,
  -- uploaded. NULL where it is not known: of latents from before this table, and of those whose client left.
  CREATE TABLE latent_list (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    source TEXT,
    model TEXT,
    revision TEXT,
    size TEXT,
    seed INTEGER,
    hits INTEGER NOT NULL,
    made_ms INTEGER NOT NULL
  );
  INSERT INTO latent_list (id, seed, hits, made_ms)
    SELECT id, seed, hits, made_ms FROM latents WHERE bytes > 0 ORDER BY made_ms, given;
  CREATE TRIGGER listed_latent_leaves AFTER DELETE ON latents BEGIN DELETE FROM latent_list WHERE id = OLD.id; END;

  -- JSON: the model, its revision and the size of the latents that a request makes.
  ALTER TABLE reservations ADD COLUMN latent_form TEXT;
  `,
  `
  -- What making each latent was charged, its storage included, and the milliseconds of GPU that it took: what a hit saves.
  -- NULL where it is not known: of latents from before these columns, and the time of work whose client left.
  ALTER TABLE latent_list ADD COLUMN making_micro_usd INTEGER;
  ALTER TABLE latent_list ADD COLUMN making_gpu_ms INTEGER;
  `,
  `
  -- JSON: what requests of a key mean where they say nothing.
  ALTER TABLE keys ADD COLUMN request_defaults TEXT;
  `,
  `
  -- JSON: what requests of the account's keys mean where neither they nor their key say anything.
  ALTER TABLE account ADD COLUMN request_defaults TEXT;
  `,
  `
  -- The entries by which credit came or went back: few among those of the work.
  CREATE INDEX entries_of_credit ON entries (id) WHERE bucket = 'granted';
  `,
  `
  -- JSON: the ids of the models that a key may use. NULL: all.
  ALTER TABLE keys ADD COLUMN models TEXT;
  `,
  `
  -- The last entry of the audit log that the list of all accounts' entries has.
  CREATE TABLE audit_copied (id INTEGER NOT NULL);
  INSERT INTO audit_copied VALUES (0);
  `,
];

/** Brings an account's tables to the newest form, or to an earlier one. */
export function migrate(storage: TableStorage, version = migrations.length): void {
  runMigrations(storage, migrations.slice(0, version));
}
