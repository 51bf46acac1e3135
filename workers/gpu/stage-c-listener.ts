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
}

/** A listener for the answers to one job. */
export function createStageCListener(job: StageCRequest, onEvent: (event: StageCEvent) => void): StageCListener {
  let response: StageCResponse | undefined;

  function listen(): AnswerListener {
    const reader = createEventReader();
    // Until the last event says otherwise, the answer has broken off.
    let refusal: StageCRefusal | undefined = { failure: { code: "backend_unavailable" }, status: undefined };
    const hear = (message: StageCMessage | undefined) => {
      if (message?.kind === "event") onEvent(message.event);
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

  return { listen, response: () => response };
}
