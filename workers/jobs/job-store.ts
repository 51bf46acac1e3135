import type { JobState } from "../../shared/api/job.ts";
import { runMigrations, type TableStorage } from "../edge/run-migrations.ts";
import { putAttempt, readAttempts, type WebhookAttempt, webhookAttemptsTable } from "../webhooks/webhook-attempts.ts";
import {
  endStateOf,
  type ItemOutcome,
  type ItemView,
  type JobCounts,
  type JobOrder,
  type JobSpec,
} from "./job-record.ts";

/** The tables of one job. A change of form is a new migration here, never an edit: objects keep their storage. */
const migrations: readonly string[] = [
  `
  CREATE TABLE job (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    spec TEXT NOT NULL,
    total INTEGER NOT NULL,
    -- 'reserving': its money is not held yet, and nobody was told that it exists.
    state TEXT NOT NULL,
    -- Those of its requests that ended, and what they were charged: kept so that a look need not add them up.
    succeeded INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    micro_usd INTEGER NOT NULL DEFAULT 0,
    -- Failures of the backend in a row, and until when to leave it alone.
    misses INTEGER NOT NULL DEFAULT 0,
    resume_ms INTEGER NOT NULL DEFAULT 0,
    started_ms INTEGER,
    ended_ms INTEGER,
    -- Whether the account's list and the webhook have been told of the end.
    is_told INTEGER NOT NULL DEFAULT 0
  );

  CREATE TABLE items (
    item INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('queued', 'succeeded', 'failed', 'cancelled')),
    -- The request as JSON; gone as soon as it has ended, because it holds a prompt.
    request TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Its place among those that ended. Two may not share one, so that whoever follows them misses none.
    place INTEGER UNIQUE,
    outcome TEXT
  );
  CREATE INDEX items_queued ON items (item) WHERE state = 'queued';
  `,
  webhookAttemptsTable,
  `
  -- What the client calls the request; it outlives the request's text.
  ALTER TABLE items ADD COLUMN custom_id TEXT;
  `,
];

interface JobRow extends Record<string, SqlStorageValue> {
  readonly spec: string;
  readonly total: number;
  readonly state: JobState | "reserving";
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly micro_usd: number;
  readonly misses: number;
  readonly resume_ms: number;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly is_told: number;
}

/** A job as it is stored. */
export interface StoredJob {
  readonly spec: JobSpec;
  readonly total: number;
  readonly state: JobState | "reserving";
  readonly counts: JobCounts;
  readonly microUsd: number;
  readonly misses: number;
  readonly resumeMs: number;
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly isTold: boolean;
}

/** A request that is still to be done. */
export interface QueuedItem {
  readonly item: number;
  readonly request: string;
  /** How often it was tried and failed in a way that may pass. */
  readonly attempts: number;
}

interface ItemRow extends Record<string, SqlStorageValue> {
  readonly item: number;
  readonly custom_id: string | null;
  readonly state: ItemView["state"];
  readonly place: number | null;
  readonly outcome: string | null;
}

/** One job on its object's storage. Always true: its counts are those of its items. Every method is one transaction. */
export class JobStore {
  readonly #storage: TableStorage;
  readonly #sql: SqlStorage;

  /** Writes nothing, since a request may name a job that never existed. */
  constructor(storage: TableStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    if (this.#hasTables()) runMigrations(storage, migrations);
  }

  /** The job; undefined when there is none. */
  read(): StoredJob | undefined {
    if (!this.#hasTables()) return undefined;
    const [row] = this.#sql.exec<JobRow>("SELECT * FROM job").toArray();
    if (row === undefined) return undefined;
    const { succeeded, failed, cancelled } = row;
    return {
      spec: JSON.parse(row.spec),
      total: row.total,
      state: row.state,
      counts: { succeeded, failed, cancelled },
      microUsd: row.micro_usd,
      misses: row.misses,
      resumeMs: row.resume_ms,
      isTold: row.is_told === 1,
      startedMs: row.started_ms ?? undefined,
      endedMs: row.ended_ms ?? undefined,
    };
  }

  /** Writes a new job down, with its money not held yet. */
  create({ requests, ...spec }: JobOrder): void {
    runMigrations(this.#storage, migrations);
    this.#storage.transactionSync(() => {
      const query = "INSERT INTO job (only, spec, total, state) VALUES (1, ?, ?, 'reserving')";
      this.#sql.exec(query, JSON.stringify(spec), requests.length);
      const insert = "INSERT INTO items (item, state, request, custom_id) VALUES (?, 'queued', ?, ?)";
      for (const [item, { json, customId }] of requests.entries()) this.#sql.exec(insert, item, json, customId ?? null);
    });
  }

  setState(state: JobState): void {
    this.#sql.exec("UPDATE job SET state = ?", state);
  }

  start(nowMs: number): void {
    this.#sql.exec("UPDATE job SET state = 'running', started_ms = ?", nowMs);
  }

  /** Leaves the backend alone for a while. */
  pause(misses: number, resumeMs: number): void {
    this.#sql.exec("UPDATE job SET misses = ?, resume_ms = ?", misses, resumeMs);
  }

  markTold(): void {
    this.#sql.exec("UPDATE job SET is_told = 1");
  }

  /** The next requests to do, in their order. */
  nextQueued(limit: number): readonly QueuedItem[] {
    const query = "SELECT item, request, attempts FROM items WHERE state = 'queued' ORDER BY item LIMIT ?";
    const rows = this.#sql.exec<{ item: number; request: string; attempts: number }>(query, limit).toArray();
    return rows.map(({ item, request, attempts }) => ({ item, request, attempts }));
  }

  countAttempt(item: number): void {
    this.#sql.exec("UPDATE items SET attempts = attempts + 1 WHERE item = ?", item);
  }

  /** A request has ended. One that had ended before stays as it was. */
  endItem(item: number, outcome: ItemOutcome): void {
    this.#storage.transactionSync(() => {
      const query = `UPDATE items SET state = ?2, request = NULL, outcome = ?3,
        place = (SELECT COALESCE(MAX(place), 0) + 1 FROM items) WHERE item = ?1 AND state = 'queued' RETURNING item`;
      const { state } = outcome;
      if (this.#sql.exec(query, item, state, JSON.stringify(outcome)).toArray().length === 0) return;
      const microUsd = state === "succeeded" ? outcome.microUsd : 0;
      this.#sql.exec(`UPDATE job SET ${state} = ${state} + 1, misses = 0, micro_usd = micro_usd + ?`, microUsd);
    });
  }

  /** All requests that are not under way end now, with the same outcome. Their places follow all that were given. */
  endQueued(outcome: Exclude<ItemOutcome, { state: "succeeded" }>, except: readonly number[]): void {
    this.#storage.transactionSync(() => {
      const { last } = this.#sql.exec<{ last: number }>("SELECT COALESCE(MAX(place), 0) AS last FROM items").one();
      const query = `UPDATE items SET state = ?1, request = NULL, outcome = ?2, place = ?3 + item + 1
        WHERE state = 'queued' AND item NOT IN (SELECT value FROM json_each(?4)) RETURNING item`;
      const { state } = outcome;
      const rows = this.#sql.exec(query, state, JSON.stringify(outcome), last, JSON.stringify(except)).toArray();
      this.#sql.exec(`UPDATE job SET ${state} = ${state} + ?`, rows.length);
    });
  }

  /** The job has ended, as its counts say. */
  end(microUsd: number, nowMs: number): void {
    const counts = this.read()?.counts;
    if (counts === undefined) return;
    const query = "UPDATE job SET state = ?, micro_usd = ?, ended_ms = ?";
    this.#sql.exec(query, endStateOf(counts), microUsd, nowMs);
  }

  noteWebhook(attempt: WebhookAttempt): void {
    this.#storage.transactionSync(() => putAttempt(this.#sql, attempt));
  }

  webhookAttempts(): readonly WebhookAttempt[] {
    return readAttempts(this.#sql);
  }

  /** What the client calls its requests, in their order; undefined where it names none, or there are more. */
  customIds(limit: number): readonly (string | null)[] | undefined {
    const query = "SELECT custom_id FROM items ORDER BY item LIMIT ?";
    const ids = this.#sql.exec<{ custom_id: string | null }>(query, limit + 1).toArray();
    const isTold = ids.length <= limit && ids.some(({ custom_id: id }) => id !== null);
    return isTold ? ids.map(({ custom_id: id }) => id) : undefined;
  }

  /** Requests in their order, those after `after`. */
  items(after: number, limit: number): readonly ItemView[] {
    return this.#view("SELECT * FROM items WHERE item > ? ORDER BY item LIMIT ?", after, limit);
  }

  /** Requests that have ended, in the order in which they did, those after the place `after`. */
  endedAfter(after: number, limit: number): readonly ItemView[] {
    return this.#view("SELECT * FROM items WHERE place > ? ORDER BY place LIMIT ?", after, limit);
  }

  #hasTables(): boolean {
    return this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").toArray().length > 0;
  }

  #view(query: string, after: number, limit: number): readonly ItemView[] {
    const rows = this.#sql.exec<ItemRow>(query, after, limit).toArray();
    return rows.map(({ item, custom_id: customId, state, place, outcome }) => ({
      item,
      customId: customId ?? undefined,
      state,
      place: place ?? undefined,
      outcome: outcome === null ? undefined : JSON.parse(outcome),
    }));
  }
}
