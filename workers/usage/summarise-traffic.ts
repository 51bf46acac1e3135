import type { Tier } from "../../shared/api/images-response.ts";
import type { TrafficSlot, TrafficTier } from "../../shared/api/traffic.ts";
import { type Histogram, percentile } from "./latency-histogram.ts";
import { hourMs } from "./request-table.ts";
import type { HourRange, PictureCount, TrafficCounts } from "./traffic.ts";

/** Slowest first: a request counts for the slowest tier of its pictures. */
export const tiersBySlowness: readonly Tier[] = ["generated", "latent", "image"];

/** Milliseconds of one run, averaged over a range; undefined if none ran. */
interface RunMeans {
  readonly stageC: number | undefined;
  readonly decode: number | undefined;
}

/** The whole range as one slot, and each slot in which something was counted, in their order. */
export function summariseTraffic(
  counts: TrafficCounts,
  { from }: HourRange,
): { readonly total: TrafficSlot; readonly slots: readonly TrafficSlot[] } {
  const means = runMeans(counts.pictures);
  const hours = [...new Set([...counts.requests, ...counts.pictures].map(({ hour }) => hour))].sort((a, b) => a - b);
  const inHour = (wanted: number): TrafficCounts => ({
    requests: counts.requests.filter(({ hour }) => hour === wanted),
    pictures: counts.pictures.filter(({ hour }) => hour === wanted),
  });
  return {
    total: slotOf(from, counts, means),
    slots: hours.map((hour) => slotOf(hour, inHour(hour), means)),
  };
}

function slotOf(hour: number, { requests, pictures }: TrafficCounts, means: RunMeans): TrafficSlot {
  const tiers = tiersBySlowness.map((tier) => tierOf(tier, { requests, pictures }));
  const failed = requests.filter(({ outcome }) => !isTier(outcome));
  const codes = [...new Set(failed.map(({ outcome }) => outcome))];
  const failures = codes
    .map((code) => ({
      code,
      requests: sum(
        failed.filter(({ outcome }) => outcome === code),
        ({ requests: n }) => n,
      ),
    }))
    .sort((a, b) => b.requests - a.requests);
  const made = sum(tiers, (tier) => tier.pictures);
  const fresh = tiers.find(({ tier }) => tier === "generated")?.pictures ?? 0;
  return {
    at: new Date(hour * hourMs).toISOString(),
    requests: sum(requests, ({ requests: n }) => n),
    failed_requests: sum(failed, ({ requests: n }) => n),
    pictures: made,
    hit_rate: made === 0 ? null : (made - fresh) / made,
    micro_usd: sum(tiers, (tier) => tier.micro_usd),
    gpu_ms_spent: round(sum(pictures, ({ stageCMs, decodeMs }) => stageCMs + decodeMs)),
    gpu_ms_saved: savedMs(pictures, means),
    tiers,
    failures,
  };
}

function tierOf(tier: Tier, counts: TrafficCounts): TrafficTier {
  const ofTier = counts.pictures.filter((row) => row.tier === tier);
  const ended = counts.requests.filter(({ outcome }) => outcome === tier);
  const histogram = new Map<number, number>();
  for (const { bucket, requests } of ended) histogram.set(bucket, (histogram.get(bucket) ?? 0) + requests);
  return {
    tier,
    requests: sum(ended, ({ requests }) => requests),
    pictures: sum(ofTier, ({ pictures }) => pictures),
    micro_usd: sum(ofTier, ({ microUsd }) => microUsd),
    stage_c_ms: round(sum(ofTier, ({ stageCMs }) => stageCMs)),
    decode_ms: round(sum(ofTier, ({ decodeMs }) => decodeMs)),
    p50_ms: rounded(histogram, 0.5),
    p95_ms: rounded(histogram, 0.95),
    p99_ms: rounded(histogram, 0.99),
  };
}

function runMeans(pictures: readonly PictureCount[]): RunMeans {
  const mean = (total: number, runs: number) => (runs === 0 ? undefined : total / runs);
  return {
    stageC: mean(
      sum(pictures, ({ stageCMs }) => stageCMs),
      sum(pictures, ({ stageCRuns }) => stageCRuns),
    ),
    decode: mean(
      sum(pictures, ({ decodeMs }) => decodeMs),
      sum(pictures, ({ decodes }) => decodes),
    ),
  };
}

/** Each run that a picture did without, at the range's mean of such runs; null where the range has no such run. */
function savedMs(pictures: readonly PictureCount[], { stageC, decode }: RunMeans): number | null {
  const made = sum(pictures, (row) => row.pictures);
  const withoutStageC = made - sum(pictures, ({ stageCRuns }) => stageCRuns);
  const withoutDecode = made - sum(pictures, ({ decodes }) => decodes);
  if ((withoutStageC > 0 && stageC === undefined) || (withoutDecode > 0 && decode === undefined)) return null;
  return round(withoutStageC * (stageC ?? 0) + withoutDecode * (decode ?? 0));
}

function rounded(histogram: Histogram, share: number): number | null {
  const milliseconds = percentile(histogram, share);
  return milliseconds === undefined ? null : round(milliseconds);
}

function isTier(outcome: string): boolean {
  return tiersBySlowness.some((tier) => tier === outcome);
}

/** To a tenth of a millisecond. */
function round(milliseconds: number): number {
  return Number(milliseconds.toFixed(1));
}

function sum<Row>(rows: readonly Row[], amountOf: (row: Row) => number): number {
  return rows.reduce((total, row) => total + amountOf(row), 0);
}
