import { createEventReader } from "../../shared/wire/event-stream.ts";
import type { StageCRequest, StageCResponse } from "../../shared/wire/stage-c.ts";
import {
  parseStageCMessage,
  type StageCEvent,
  type StageCMessage,
  type StageCRefusal,
} from "../../shared/wire/stage-c-events.ts";
import type { AnswerListener } from "./gpu-transport.ts";

/** Reads the events of a Stage C job, whichever backend sends them. */
export interface StageCListener {
  /** For one attempt. */
  listen(): AnswerListener;
  /** The result of the attempt that worked. */
  response(): StageCResponse | undefined;
  /** The part of the steps that were reported, 0…1. */
  doneShare(): number;
}

/** A listener for the answers to one job. */
export function createStageCListener(job: StageCRequest, onEvent: (event: StageCEvent) => void): StageCListener {
  let response: StageCResponse | undefined;
  let doneShare = 0;

  function listen(): AnswerListener {
    const reader = createEventReader();
    // Until the last event says otherwise, the answer has broken off.
    let refusal: StageCRefusal | undefined = {
      failure: { code: "backend_unavailable" },
      isDeterministic: false,
      status: undefined,
    };
    const hear = (message: StageCMessage | undefined) => {
      if (message?.kind === "event") {
        doneShare = Math.max(doneShare, doneShareOf(message.event, job));
        onEvent(message.event);
      }
      if (message?.kind !== "end") return;
      refusal = message.end.ok ? undefined : message.end.error;
      if (message.end.ok) response = message.end.value;
    };
    return {
      push(text) {
        for (const event of reader.push(text)) hear(parseStageCMessage(event, job));
      },
      refusal: () => refusal,
    };
  }

  return { listen, response: () => response, doneShare: () => doneShare };
}

/** A preview names its step alone; a job with a start has fewer steps than it asks for, so this is the least. */
function doneShareOf(event: StageCEvent, job: StageCRequest): number {
  const steps = event.kind === "progress" ? event.steps : job.steps;
  return Math.min(1, event.step / steps);
}
