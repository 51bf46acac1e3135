import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";

/** From a cached text of the tiny model to ten large pictures on a CPU. Milliseconds. */
const millisecondsBuckets = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000];

/** How a job ended. A run that several callers share is counted for each, its time once. */
type JobResult = Result<{ readonly gpuMs: number }, { readonly failure: Failure; readonly gpuMs: number }>;

/** What the server counts. */
export interface Metrics {
  requestAnswered(route: string, status: number): void;
  /** How a job of this kind ended, "done" or the failure's code, and what it used of the device in either case. */
  jobEnded(kind: string, result: JobResult): void;
  /** Latents made in one job, and its parts in milliseconds. */
  stageCRan(latents: number, milliseconds: Readonly<Record<string, number>>): void;
  /** The parts of one decode in milliseconds. */
  decoded(milliseconds: Readonly<Record<string, number>>): void;
  /** The parts of one picture's way to a latent in milliseconds. */
  encoded(milliseconds: Readonly<Record<string, number>>): void;
  /** Memory of the process that computes. */
  laneResident(bytes: number): void;
  contentType: string;
  /** All figures in Prometheus' text form. */
  text(): Promise<string>;
}

/** Metrics in a registry of their own. `queueDepth` is asked whenever they are read. */
export function createMetrics(queueDepth: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Among them event loop delay and resident memory of the process that serves.
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "http_requests_total",
    help: "Requests answered",
    labelNames: ["route", "status"],
    registers,
  });
  const stageCRuns = new Counter({ name: "stage_c_runs_total", help: "Latents made by Stage C", registers });
  const decodes = new Counter({ name: "decodes_total", help: "Latents decoded to pictures", registers });
  const encodes = new Counter({ name: "encodes_total", help: "Pictures encoded to latents", registers });
  const labelNames = ["kind", "outcome"] as const;
  const jobs = new Counter({ name: "jobs_total", help: "Jobs by how they ended", labelNames, registers });
  const gpu = new Counter({ name: "gpu_milliseconds_total", help: "Time of the device", labelNames, registers });
  const parts = new Histogram({
    name: "job_part_milliseconds",
    help: "Time of each part of a job",
    labelNames: ["part"],
    buckets: millisecondsBuckets,
    registers,
  });
  const resident = new Gauge({ name: "lane_resident_memory_bytes", help: "Memory of the lane's process", registers });
  const depth = new Gauge({ name: "queue_depth", help: "Jobs that wait and jobs that run", registers });

  function observe(milliseconds: Readonly<Record<string, number>>): void {
    for (const [part, duration] of Object.entries(milliseconds)) parts.observe({ part }, duration);
  }

  return {
    requestAnswered: (route, status) => requests.inc({ route, status }),
    jobEnded(kind, result) {
      const labels = { kind, outcome: result.ok ? "done" : result.error.failure.code };
      jobs.inc(labels);
      gpu.inc(labels, result.ok ? result.value.gpuMs : result.error.gpuMs);
    },
    stageCRan(latents, milliseconds) {
      stageCRuns.inc(latents);
      observe(milliseconds);
    },
    decoded(milliseconds) {
      decodes.inc();
      observe(milliseconds);
    },
    encoded(milliseconds) {
      encodes.inc();
      observe(milliseconds);
    },
    laneResident: (bytes) => resident.set(bytes),
    contentType: registry.contentType,
    text() {
      depth.set(queueDepth());
      return registry.metrics();
    },
  };
}
