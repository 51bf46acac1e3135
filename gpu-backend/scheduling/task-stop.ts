/** Why a task is stopped before it is done. */
export type StopReason = "cancelled" | "deadline";

/** Stops one task at its first request to stop; later ones have no effect. */
export interface TaskStop {
  readonly signal: AbortSignal;
  /** Undefined until a stop was requested. */
  reason(): StopReason | undefined;
  cancel(): void;
  /** Forgets clock and client. To be called when the task has ended. */
  dispose(): void;
}

/** Watches the client, whose signal aborts when it has gone, and the deadline, milliseconds from now. */
export function createTaskStop(client: AbortSignal, deadlineMs: number | undefined): TaskStop {
  const controller = new AbortController();
  let reason: StopReason | undefined;

  function stop(because: StopReason): void {
    reason ??= because;
    controller.abort();
  }

  const cancel = () => stop("cancelled");
  const timer = deadlineMs === undefined ? undefined : setTimeout(() => stop("deadline"), deadlineMs);
  client.addEventListener("abort", cancel, { once: true });
  if (client.aborted) cancel();
  return {
    signal: controller.signal,
    reason: () => reason,
    cancel,
    dispose() {
      clearTimeout(timer);
      client.removeEventListener("abort", cancel);
    },
  };
}
