import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import type { FailureCode } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { TaskPart } from "../lane/timeline.ts";

/** W3C Trace Context. */
export const traceparentHeader = "traceparent";

/** A task's outcome as a trace records it. */
export interface TracedTask {
  readonly queueMs: number;
  readonly gpuMs: number;
  /** After the queue; empty when another request's run gave the outcome. */
  readonly timeline: readonly TaskPart[];
  readonly failure?: FailureCode;
}

/** The trace of one task that was begun. */
export interface TaskTrace {
  /**
   * Ends the task's span, and makes one for its time in the queue and one for each part. Only the first call counts.
   */
  end(task: TracedTask): void;
}

/** Spans of tasks. No attribute holds anything of a request but its kind: no token id, seed, key or address. */
export interface Tracing {
  /** `traceparent`: the W3C header that the edge sent; without a valid one the task is a trace of its own. */
  begin(kind: string, traceparent: string | undefined): TaskTrace;
  /** Sends what is left, for so long at most. */
  close(msMax: number): Promise<void>;
}

/** Where spans go and how many of them. */
export interface TracingOptions {
  readonly serviceName: string;
  /** Of all traces, by their id: every part of a service keeps the same ones. 0…1 */
  readonly share: number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Sends spans by OTLP over HTTP to where the standard variables `OTEL_EXPORTER_OTLP_*` say. */
export function createTracing({ serviceName, share, nowMs }: TracingOptions): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName }),
    sampler: new TraceIdRatioBasedSampler(share),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer("wuerstchen-edge");
  return {
    begin(kind, traceparent) {
      const startTime = nowMs();
      const span = tracer.startSpan(kind, { kind: SpanKind.SERVER, startTime }, parentContext(traceparent));
      return { end: (task) => endTask(tracer, span, { startTime, endTime: nowMs(), ...task }) };
    },
    async close(msMax) {
      // A receiver that is away must not keep a stopping server.
      await provider.forceFlush({ timeoutMillis: msMax }).catch(() => undefined);
    },
  };
}

/** For a server without a receiver. */
export const noTracing: Tracing = {
  begin: () => ({ end: () => undefined }),
  close: () => Promise.resolve(),
};

/** The span attributes of a task's end. */
export function tracedEnd(
  end: Result<Omit<TracedTask, "failure">, { failure: { code: FailureCode }; queueMs: number; gpuMs: number }>,
): TracedTask {
  if (end.ok) return { queueMs: end.value.queueMs, gpuMs: end.value.gpuMs, timeline: end.value.timeline };
  const { failure, queueMs, gpuMs } = end.error;
  return { queueMs, gpuMs, timeline: [], failure: failure.code };
}

function endTask(
  tracer: Tracer,
  span: Span,
  task: TracedTask & { readonly startTime: number; readonly endTime: number },
): void {
  const context = trace.setSpan(ROOT_CONTEXT, span);
  const begunMs = task.startTime + task.queueMs;
  tracer.startSpan("queue", { startTime: task.startTime }, context).end(begunMs);
  for (const { part, startMs, endMs, runs } of task.timeline) {
    tracer.startSpan(part, { startTime: begunMs + startMs, attributes: { runs } }, context).end(begunMs + endMs);
  }
  span.setAttributes({ "gpu.milliseconds": task.gpuMs, outcome: task.failure ?? "done" });
  if (task.failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(task.endTime);
}

function parentContext(traceparent = "") {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/u.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  // One that is all zeros is not valid by the standard, and ignored by the library.
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags ?? "00", 16),
    isRemote: true,
  });
}
