import { answerTextBytesMax } from "../../shared/limits.ts";
import type { GpuTransport } from "./gpu-transport.ts";

/** Checks whether a backend is reachable while a caller waits for it. */
export const probe = {
  method: "GET",
  target: "/health",
  body: new Uint8Array(),
  timeoutMs: 2_000,
  answerBytesMax: answerTextBytesMax,
} as const;

/** Long enough that a usual job is never looked after, short enough that a client still waits. */
const lookEveryMs = 10_000;

/** One look may be lost on the way. */
const missesMax = 2;

/**
 * A machine that vanished says nothing, just as one that computes. A request to a backend that does not answer a look
 * at its health either, twice in a row, is given up as `backend_unavailable`, long before its own time is over.
 */
export function watched(send: GpuTransport, timeout: (milliseconds: number) => AbortSignal): GpuTransport {
  async function isAlive(): Promise<boolean> {
    const answer = await send(probe, timeout(probe.timeoutMs));
    return answer.ok || answer.error.failure.code !== "backend_unavailable";
  }

  async function watch(done: AbortSignal, gone: AbortController): Promise<void> {
    for (let misses = 0; misses < missesMax; ) {
      await aborted(AbortSignal.any([done, timeout(lookEveryMs)]));
      if (done.aborted) return;
      misses = (await isAlive()) ? 0 : misses + 1;
    }
    gone.abort();
  }

  return async (request, signal) => {
    const [answered, gone] = [new AbortController(), new AbortController()];
    void watch(AbortSignal.any([signal, answered.signal]), gone);
    const answer = await send(request, AbortSignal.any([signal, gone.signal]));
    answered.abort();
    return answer;
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}
