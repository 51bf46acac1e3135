import type { JobState } from "../../shared/api/job.ts";
import type { Failure } from "../../shared/errors.ts";
import { unfinishedJobsMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { runMigrations, type TableStorage } from "../edge/run-migrations.ts";
import { webhookSecretsTable } from "../webhooks/webhook-secrets.ts";

/** Jobs of one account that run at once; further ones wait. */
export const jobsAtOnce = 4;

/** The tables of one account's list. A change of form is a new migration here, never an edit. */
const migrations: readonly string[] = [
  `
  CREATE TABLE jobs (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    requests INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER
  );
  CREATE INDEX jobs_unfinished ON jobs (place) WHERE ended_ms IS NULL;
  ${webhookSecretsTable}
  `,
];

/** A job that is new to the list. */
export interface NewListedJob {
  readonly jobId: string;
  readonly requests: number;
  readonly createdMs: number;
}

/** A job of the list. */
export interface ListedJob extends NewListedJob {
  /** Ascending with creation. */
  readonly place: number;
  readonly state: JobState;
  readonly endedMs: number | undefined;
}

/** How a job has ended. */
export interface JobEnd {
  readonly jobId: string;
  readonly state: JobState;
  readonly endedMs: number;
}

interface ListedRow extends Record<string, SqlStorageValue> {
  readonly place: number;
  readonly job_id: string;
  readonly state: JobState;
  readonly requests: number;
  readonly created_ms: number;
  readonly ended_ms: number | null;
}

/** The list of one account's jobs, and whose turn it is. Every method may be repeated. */
export class JobList {
  readonly #sql: SqlStorage;

  constructor(storage: TableStorage) {
    this.#sql = storage.sql;
    runMigrations(storage, migrations);
  }

  /** Whether a job is in the list. Fails with `too_many_jobs` if it is not, and could not be added. Changes nothing. */
  look(jobId: string): Result<{ readonly isListed: boolean }, Failure> {
    const isListed = this.#sql.exec("SELECT 1 FROM jobs WHERE job_id = ?", jobId).toArray().length > 0;
    const isFull = this.#unfinished().length >= unfinishedJobsMax;
    return isFull && !isListed ? err({ code: "too_many_jobs", jobsMax: unfinishedJobsMax }) : ok({ isListed });
  }

  /** Puts a job at the end. Fails with `too_many_jobs`. */
  add({ jobId, requests, createdMs }: NewListedJob): Result<undefined, Failure> {
    const seen = this.look(jobId);
    if (!seen.ok) return seen;
    if (seen.value.isListed) return ok(undefined);
    const query = "INSERT INTO jobs (job_id, state, requests, created_ms) VALUES (?, 'queued', ?, ?)";
    this.#sql.exec(query, jobId, requests, createdMs);
    return ok(undefined);
  }

  /** How many jobs must end before this one may run. 0: it may, and is listed as running. */
  enter(jobId: string): number {
    const ahead = this.ahead(jobId);
    if (ahead === 0) this.#sql.exec("UPDATE jobs SET state = 'running' WHERE job_id = ? AND state = 'queued'", jobId);
    return ahead;
  }

  /** How many jobs must end before this one may run. */
  ahead(jobId: string): number {
    return Math.max(0, this.#unfinished().indexOf(jobId) - jobsAtOnce + 1);
  }

  /** Notes an end, and returns the jobs that may run now. */
  end({ jobId, state, endedMs }: JobEnd): readonly string[] {
    this.#sql.exec("UPDATE jobs SET state = ?, ended_ms = ? WHERE job_id = ?", state, endedMs, jobId);
    return this.#unfinished().slice(0, jobsAtOnce);
  }

  remove(jobId: string): void {
    this.#sql.exec("DELETE FROM jobs WHERE job_id = ?", jobId);
  }

  /** The newest jobs, those before the place `before`. */
  list(before: number, limit: number): readonly ListedJob[] {
    const query = "SELECT * FROM jobs WHERE place < ? ORDER BY place DESC LIMIT ?";
    return this.#sql.exec<ListedRow>(query, before, limit).toArray().map(toListedJob);
  }

  #unfinished(): readonly string[] {
    const query = "SELECT job_id FROM jobs WHERE ended_ms IS NULL ORDER BY place";
    return this.#sql
      .exec<{ job_id: string }>(query)
      .toArray()
      .map(({ job_id }) => job_id);
  }
}

function toListedJob({ place, job_id, state, requests, created_ms, ended_ms }: ListedRow): ListedJob {
  return { place, jobId: job_id, state, requests, createdMs: created_ms, endedMs: ended_ms ?? undefined };
}
