import { effect, signal } from "@preact/signals";
import type { QuoteResponse } from "../../../shared/api/money.ts";
import { sendForJson } from "../api/client.ts";
import { apiKey } from "./session.ts";
import { generationRequest, model, settings } from "./settings.ts";

/** The most that the composer's request can cost, in micro-USD; undefined while that is unknown. */
export const ceilingMicroUsd = signal<number | undefined>(undefined);

/** Time for a few keystrokes: one question a pause, not one a letter. */
const pauseMs = 300;

/** Asks for the price whenever what decides it has changed. */
export function followPrice(): void {
  effect(() => {
    const key = apiKey.value;
    const request = generationRequest(settings.value, model.value);
    if (key === undefined || model.value === undefined || request.body?.["prompt"] === "") {
      ceilingMicroUsd.value = undefined;
      return undefined;
    }
    const overtaken = new AbortController();
    const timer = setTimeout(() => ask(key, request.body, overtaken.signal), pauseMs);
    return () => {
      clearTimeout(timer);
      overtaken.abort();
    };
  });
}

async function ask(key: string, body: Readonly<Record<string, unknown>> | undefined, signal: AbortSignal) {
  const quote = await sendForJson<QuoteResponse>({ method: "POST", path: "/v1/quotes", body }, { key, signal }).catch(
    () => undefined,
  );
  if (!signal.aborted) ceilingMicroUsd.value = quote?.ceiling_micro_usd;
}
