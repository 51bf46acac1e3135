import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { LaneRun } from "../lane/lane-messages.ts";

/** From a cached text of the tiny model to ten large pictures on a CPU. Milliseconds. */
const millisecondsBuckets = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000];

/** Rows that run together; a power of two each, as batches grow. */
const rowsBuckets = [1, 2, 4, 8, 16, 32, 64, 128];

/** What waits and runs, as it is now. */
export interface QueueState {
  /** Tasks that wait and tasks that run. */
  readonly depth: number;
  readonly waiting: { readonly tasks: number; readonly oldestMs: number };
  readonly backlogMs: number;
}

/** How a task ended. A run that several callers share is counted for each, its time once. */
type TaskResult = Result<{ readonly gpuMs: number }, { readonly failure: Failure; readonly gpuMs: number }>;

/** What the server counts. */
export interface Metrics {
  requestAnswered(route: string, status: number): void;
  /** How a task of this kind ended, "done" or the failure's code, and what it used of the device in either case. */
  taskEnded(kind: string, result: TaskResult): void;
  /** Latents made in one task, and its parts in milliseconds. */
  stageCRan(latents: number, milliseconds: Readonly<Record<string, number>>): void;
  /** The parts of one decode in milliseconds. */
  decoded(milliseconds: Readonly<Record<string, number>>): void;
  /** The parts of one picture's way to a latent in milliseconds. */
  encoded(milliseconds: Readonly<Record<string, number>>): void;
  /** A run of a graph on the device: rows of its batch, and how long it took. */
  graphRan(run: LaneRun): void;
  /** Whether a prompt's condition had to be computed, or was remembered. */
  textRead(isComputed: boolean): void;
  /** A request that another's run, or its kept outcome, answered. */
  taskShared(): void;
  /** Memory of the process that computes. */
  laneResident(bytes: number): void;
  contentType: string;
  /** All figures in Prometheus' text form. */
  text(): Promise<string>;
}

/** Metrics in a registry of their own. `queue` is asked whenever they are read. */
export function createMetrics(queue: () => QueueState): Metrics {
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
  const tasks = new Counter({ name: "jobs_total", help: "Tasks by how they ended", labelNames, registers });
  const gpu = new Counter({ name: "gpu_milliseconds_total", help: "Time of the device", labelNames, registers });
  const parts = new Histogram({
    name: "job_part_milliseconds",
    help: "Time of each part of a task",
    labelNames: ["part"],
    buckets: millisecondsBuckets,
    registers,
  });
  const resident = new Gauge({ name: "lane_resident_memory_bytes", help: "Memory of the lane's process", registers });
  const runs = runMetrics(registers);
  const readQueue = queueMetrics(registers, queue);

  function observe(milliseconds: Readonly<Record<string, number>>): void {
    for (const [part, duration] of Object.entries(milliseconds)) parts.observe({ part }, duration);
  }

  return {
    requestAnswered: (route, status) => requests.inc({ route, status }),
    taskEnded(kind, result) {
      const labels = { kind, outcome: result.ok ? "done" : result.error.failure.code };
      tasks.inc(labels);
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
    ...runs,
    laneResident: (bytes) => resident.set(bytes),
    contentType: registry.contentType,
    text() {
      readQueue();
      return registry.metrics();
    },
  };
}

/** What the device did, and what it did not have to do. */
function runMetrics(registers: Registry[]): Pick<Metrics, "graphRan" | "textRead" | "taskShared"> {
  const labelNames = ["graph"] as const;
  const rows = new Histogram({
    name: "graph_run_rows",
    help: "Rows that ran together",
    labelNames,
    buckets: rowsBuckets,
    registers,
  });
  const durations = new Histogram({
    name: "graph_run_milliseconds",
    help: "Time of each run of a graph: of Stages C and B, a step",
    labelNames,
    buckets: millisecondsBuckets,
    registers,
  });
  const texts = new Counter({
    name: "text_conditions_total",
    help: "Prompts by whether their condition was computed or remembered",
    labelNames: ["source"],
    registers,
  });
  const shared = new Counter({ name: "jobs_shared_total", help: "Tasks that another's run answered", registers });
  return {
    graphRan(run) {
      rows.observe({ graph: run.graph }, run.rows);
      durations.observe({ graph: run.graph }, run.milliseconds);
    },
    textRead: (isComputed) => texts.inc({ source: isComputed ? "computed" : "remembered" }),
    taskShared: () => shared.inc(),
  };
}

/** Gauges of the queue; the answer sets them to what is true now. */
function queueMetrics(registers: Registry[], queue: () => QueueState): () => void {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const depth = gauge("queue_depth", "Tasks that wait and tasks that run");
  const waiting = gauge("queue_waiting_jobs", "Tasks that wait for their turn");
  const oldest = gauge("queue_oldest_wait_milliseconds", "Since when the first of them waits");
  const backlog = gauge("queue_backlog_milliseconds", "Work that is left, by what such work took lately");
  return () => {
    const state = queue();
    depth.set(state.depth);
    waiting.set(state.waiting.tasks);
    oldest.set(state.waiting.oldestMs);
    backlog.set(state.backlogMs);
  };
}
