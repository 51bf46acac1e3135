import { type ChargeLine, sumMicroUsd } from "../../prices/price-book.ts";

// The latents that an account paid to keep, newest first. No prompt is part of it.

/** What all latents of one request have in common. */
export interface LatentForm {
  /** The model's id. */
  readonly model: string;
  readonly revision: string;
  /** "WIDTHxHEIGHT" of the picture, in pixels. */
  readonly size: string;
}

/** What a latent was made from. */
export type LatentSource = "generation" | "picture" | "interpolation" | "upload";

/** A latent that the account keeps. Undefined is what is not known of it. */
export interface LatentEntry {
  /** Ascending with the time of its making. */
  readonly place: number;
  readonly id: string;
  readonly source: LatentSource | undefined;
  readonly form: LatentForm | undefined;
  readonly seed: number | undefined;
  /** How often it was charged as a hit. */
  readonly hits: number;
  /** Unix milliseconds. */
  readonly madeMs: number;
}

/** What a request was charged for. */
export interface ChargedLatents {
  readonly lines: readonly ChargeLine[];
  readonly form: LatentForm | undefined;
  /** The seeds that are known. */
  readonly latents: readonly { readonly latentId: string; readonly seed: number }[];
}

/** Enters what a settlement says was stored, and counts what it says was used again. */
export function noteStored(sql: SqlStorage, { lines, form, latents }: ChargedLatents, nowMs: number): void {
  for (const { kind, latentId, microUsd } of lines) {
    if (kind === "hit") sql.exec("UPDATE latent_list SET hits = hits + 1 WHERE id = ?", latentId);
    if (kind !== "storage") continue;
    const seed = latents.find((latent) => latent.latentId === latentId)?.seed;
    const entry = { latentId, source: sourceOf(latentId, lines), form, seed, ...makingOf(latentId, lines) };
    // At no price, it was stored for a request whose client left, and this is the repeat, which knows the seed.
    if (microUsd > 0) enterStored(sql, entry, nowMs);
    else sql.exec("UPDATE latent_list SET seed = COALESCE(seed, ?) WHERE id = ?", seed ?? null, latentId);
  }
}

/**
 * Lines whose hits say what they saved: what the account paid for making the same latent, less the price of the hit. A
 * latent that another account made, or that is from before the ledger noted this, saved nothing that it can show.
 */
export function withSavings(sql: SqlStorage, lines: readonly ChargeLine[]): readonly ChargeLine[] {
  const query = "SELECT making_micro_usd, making_gpu_ms FROM latent_list WHERE id = ? AND making_micro_usd IS NOT NULL";
  return lines.map((line) => {
    if (line.kind !== "hit") return line;
    const made = sql.exec<MakingRow>(query, line.latentId).toArray()[0];
    if (made === undefined) return line;
    const savedMicroUsd = Math.max(0, made.making_micro_usd - line.microUsd);
    return { ...line, savedMicroUsd, ...(made.making_gpu_ms !== null && { savedGpuMs: made.making_gpu_ms }) };
  });
}

/** The newest latents, those before the place `before`, at most `limit`. */
export function readLatentList(sql: SqlStorage, before: number, limit: number): readonly LatentEntry[] {
  const query = "SELECT * FROM latent_list WHERE place < ? ORDER BY place DESC LIMIT ?";
  return sql.exec<EntryRow>(query, before, limit).toArray().map(toLatentEntry);
}

/** Takes a latent off the list. */
export function forgetEntry(sql: SqlStorage, latentId: string): void {
  sql.exec("DELETE FROM latent_list WHERE id = ?", latentId);
}

interface EntryRow extends Record<string, SqlStorageValue> {
  readonly place: number;
  readonly id: string;
  readonly source: LatentSource | null;
  readonly model: string | null;
  readonly revision: string | null;
  readonly size: string | null;
  readonly seed: number | null;
  readonly hits: number;
  readonly made_ms: number;
}

function toLatentEntry({ place, id, source, model, revision, size, seed, hits, made_ms }: EntryRow): LatentEntry {
  const form = model === null || revision === null || size === null ? undefined : { model, revision, size };
  return { place, id, source: source ?? undefined, form, seed: seed ?? undefined, hits, madeMs: made_ms };
}

interface MakingRow extends Record<string, SqlStorageValue> {
  readonly making_micro_usd: number;
  readonly making_gpu_ms: number | null;
}

/** What making a latent and keeping it was charged, and the time that its graphs took, if it was measured. */
interface Making {
  readonly makingMicroUsd: number;
  readonly makingGpuMs: number | null;
}

function makingOf(latentId: string, lines: readonly ChargeLine[]): Making {
  const making = lines.filter((line) => line.latentId === latentId && makingKinds.includes(line.kind));
  const times = making.flatMap(({ gpuMs }) => gpuMs ?? []);
  const makingGpuMs = times.length === 0 ? null : times.reduce((sum, time) => sum + time, 0);
  return { makingMicroUsd: sumMicroUsd(making), makingGpuMs };
}

const makingKinds: readonly ChargeLine["kind"][] = ["generation", "encode", "interpolation", "storage"];

interface NewEntry extends Making {
  readonly latentId: string;
  readonly source: LatentSource;
  readonly form: LatentForm | undefined;
  readonly seed: number | undefined;
}

/** A latent that is stored anew is the newest again. */
function enterStored(sql: SqlStorage, entry: NewEntry, nowMs: number): void {
  const { form, seed } = entry;
  sql.exec(
    `INSERT OR REPLACE INTO latent_list
       (id, source, model, revision, size, seed, hits, made_ms, making_micro_usd, making_gpu_ms)
     VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)`,
    entry.latentId,
    entry.source,
    form?.model ?? null,
    form?.revision ?? null,
    form?.size ?? null,
    seed ?? null,
    nowMs,
    entry.makingMicroUsd,
    entry.makingGpuMs,
  );
}

/** Storage is charged beside what was run for a latent; for an upload nothing runs. */
function sourceOf(latentId: string, lines: readonly ChargeLine[]): LatentSource {
  const has = (kind: ChargeLine["kind"]) => lines.some((line) => line.latentId === latentId && line.kind === kind);
  if (has("generation")) return "generation";
  if (has("encode")) return "picture";
  return has("interpolation") ? "interpolation" : "upload";
}
