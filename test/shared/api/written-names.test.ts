import { expect, test } from "vitest";
import { parseCreateImageRequest } from "../../../shared/api/create-image-request.ts";
import { asWritten } from "../../../shared/api/written-names.ts";
import { invalidRequest } from "../../../shared/errors.ts";

function namesOf(body: object) {
  const read = parseCreateImageRequest({ prompt: "a", ...body });
  if (!read.ok) throw new TypeError(JSON.stringify(read.error));
  return read.value.written;
}

test("a failure names the field that the client wrote, in its text too", () => {
  const failure = invalidRequest("steps", "'steps' must be from 1 to 100 for this model.");
  const renamed = invalidRequest("num_inference_steps", "'num_inference_steps' must be from 1 to 100 for this model.");
  expect(asWritten(failure, namesOf({ num_inference_steps: 9 }))).toEqual(renamed);
  expect(asWritten(failure, namesOf({ steps: 9 }))).toBe(failure);
});

test("a size of two fields is named by the first", () => {
  expect(namesOf({ width: 64, height: 64 })).toEqual({ size: "width" });
  expect(namesOf({ size: "64x64" })).toBeUndefined();
});

test("other failures, and those of no field, stay as they are", () => {
  for (const failure of [{ code: "backend_unavailable" }, invalidRequest(null, "'steps' is not it.")] as const)
    expect(asWritten(failure, { steps: "other" })).toBe(failure);
});
