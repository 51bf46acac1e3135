import { describe, expect, test } from "vitest";
import { err, ok } from "../../../shared/result.ts";
import { createEventReader } from "../../../shared/wire/event-stream.ts";
import type { StageCRequest } from "../../../shared/wire/stage-c.ts";
import { formatStageCEnd, formatStageCEvent, parseStageCMessage } from "../../../shared/wire/stage-c-events.ts";

const request: StageCRequest = {
  model: "tiny",
  revision: "1",
  tokenIds: [2, 3],
  negativeTokenIds: [2, 3],
  seeds: [7],
  steps: 6,
  guidanceScale: 3,
  latentShape: [16, 4, 4],
};
const response = {
  model: "tiny",
  revision: "1",
  latents: [{ seed: 7, safetensors: "AAAA" }],
  milliseconds: { queue: 1, textEncoder: 2, stageC: 3 },
};

function read(text: string) {
  return createEventReader()
    .push(text)
    .map((event) => parseStageCMessage(event, request));
}

describe("the events of a Stage C task", () => {
  test("are read as they were written", () => {
    const progress = { kind: "progress", step: 2, steps: 6 } as const;
    const preview = { kind: "preview", sample: 0, step: 2, format: "webp", image: "AAAA" } as const;
    const text = formatStageCEvent(progress) + formatStageCEvent(preview) + formatStageCEnd(ok(response));
    expect(read(text)).toEqual([
      { kind: "event", event: progress },
      { kind: "event", event: preview },
      { kind: "end", end: ok(response) },
    ]);
  });

  test("that end with another task's latents end with a failure", () => {
    const other = { ...response, latents: [{ seed: 8, safetensors: "AAAA" }] };
    expect(read(formatStageCEnd(ok(other)))).toEqual([
      { kind: "end", end: err({ failure: { code: "backend_failed" }, isDeterministic: false, status: undefined }) },
    ]);
  });

  test.each([
    ["backend_unavailable", "backend_unavailable", 502],
    ["backend_failed", "backend_failed", 502],
    ["job_cancelled", "backend_failed", 409],
    ["deadline_exceeded", "deadline_exceeded", 504],
  ] as const)("that end with %s end with %s and the status of the JSON answer, %d", (code, failure, status) => {
    const end = err({ failure: { code: failure }, isDeterministic: failure === "deadline_exceeded", status });
    expect(read(formatStageCEnd(err({ code })))).toEqual([{ kind: "end", end }]);
  });

  test("that end with a failed run keep its kind, and whether any backend would do better", () => {
    const failure = { code: "backend_failed", fault: "not_finite" } as const;
    const end = err({ failure, isDeterministic: true, status: 502 });
    expect(read(formatStageCEnd(err(failure)))).toEqual([{ kind: "end", end }]);
  });

  test.each([
    "event: progress\ndata: {\n\n",
    'event: progress\ndata: {"step":0,"steps":6}\n\n',
    'event: preview\ndata: {"sample":0,"step":1,"format":"gif","image":"AAAA"}\n\n',
    'event: preview\ndata: {"sample":0,"step":1,"format":"png","image":"<svg>"}\n\n',
    "event: news\ndata: {}\n\n",
  ])("that are unknown or malformed are left out: %j", (text) => {
    expect(read(text)).toEqual([undefined]);
  });
});
