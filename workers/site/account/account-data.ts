import { signal } from "@preact/signals";
import type { DetailedJob, WebhookAttemptAnswer } from "../../../shared/api/job.ts";
import type { OwnKeyList } from "../../../shared/api/own-keys.ts";
import type { UsageDay, UsageList } from "../../../shared/api/usage.ts";
import { sendForJson } from "../api/client.ts";
import { apiKey } from "../state/session.ts";

/** What was read, or why it could not be. */
export type Read<Value> = { readonly value: Value } | { readonly error: unknown };

/** The newest days, each by key, kind and tier; undefined: not known yet. So for all of these. */
export const usage = signal<Read<readonly UsageDay[]> | undefined>(undefined);

/** The newest jobs, each with its progress and the deliveries of its webhook. */
export const jobs = signal<Read<readonly DetailedJob[]> | undefined>(undefined);

/** The account's keys, this one among them. */
export const keys = signal<Read<OwnKeyList["data"]> | undefined>(undefined);

/** Days of the calendar, today included. */
export const daysShown = 30;

const jobsShown = 10;
const pollMs = 3_000;
const endStates: readonly string[] = ["succeeded", "partial", "failed", "cancelled"];

/** Reads everything anew, as the present key may see it. */
export async function loadAccount(): Promise<void> {
  if (apiKey.value === undefined) return;
  await Promise.all([loadUsage(), loadJobs(), loadKeys()]);
}

async function loadUsage(): Promise<void> {
  usage.value = await read(async () => {
    const path = `/v1/usage?group_by=key,kind,tier&limit=${daysShown}`;
    return (await get<UsageList>(path)).data;
  });
}

async function loadKeys(): Promise<void> {
  keys.value = await read(async () => (await get<OwnKeyList>("/v1/keys")).data);
}

/** Reads the jobs. */
export async function loadJobs(): Promise<void> {
  jobs.value = await read(async () => {
    const path = `/v1/jobs?details=true&limit=${jobsShown}`;
    return (await get<{ readonly data: readonly DetailedJob[] }>(path)).data;
  });
}

/** Reads the jobs again as long as one of them works. Returns what ends it. */
export function followJobs(): () => void {
  const timer = setInterval(() => {
    const known = jobs.value;
    const isWorking =
      known !== undefined && "value" in known && known.value.some(({ state }) => !endStates.includes(state));
    if (isWorking) void loadJobs();
  }, pollMs);
  return () => clearInterval(timer);
}

/** Has a job's webhook sent again, and shows what became of it. Rejects with `ApiError`. */
export async function redeliver(jobId: string): Promise<void> {
  const request = { method: "POST", path: `/v1/jobs/${jobId}/webhook/redeliver` } as const;
  await sendForJson<WebhookAttemptAnswer>(request, { key: apiKey.value });
  await loadJobs();
}

function get<Answer>(path: string): Promise<Answer> {
  return sendForJson<Answer>({ method: "GET", path }, { key: apiKey.value });
}

async function read<Value>(reading: () => Promise<Value>): Promise<Read<Value>> {
  try {
    return { value: await reading() };
  } catch (error) {
    return { error };
  }
}
