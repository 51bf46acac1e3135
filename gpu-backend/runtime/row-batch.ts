import { type Float32Tensor, float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { AppError } from "../../shared/errors.ts";
import type { NamedTensors } from "./port-check.ts";

/** The inputs of one call: float32 only, each with the same first axis, its rows. */
export type RowInputs = Readonly<Record<string, Float32Tensor>>;

/** Joins the inputs of several calls along the first axis. Throws `AppError` when one lacks a port of the first. */
export type RowStacker = (calls: readonly NamedTensors[]) => RowInputs;

/** The number of rows of a call. */
export function rowsOf(inputs: NamedTensors): number {
  return Object.values(inputs)[0]?.shape[0] ?? 0;
}

/** What calls must share to run as one: names and all axes but the first. */
export function rowKey(inputs: NamedTensors): string {
  return Object.entries(inputs)
    .map(([name, { shape }]) => `${name}:${shape.slice(1).join("x")}`)
    .join(" ");
}

/**
 * A stacker that remembers its last result a port: what stays the same from one step of a sampler to the next (the
 * text, most of all) is not copied again.
 */
export function createRowStacker(): RowStacker {
  const last = new Map<string, { readonly parts: readonly Float32Tensor[]; readonly whole: Float32Tensor }>();

  function stackPort(name: string, parts: readonly Float32Tensor[]): Float32Tensor {
    const known = last.get(name);
    if (known !== undefined && sameParts(known.parts, parts)) return known.whole;
    const whole = concatenateRows(parts);
    last.set(name, { parts, whole });
    return whole;
  }

  return (calls) => {
    const [first] = calls;
    if (first === undefined) throw new AppError("A batch of no calls cannot be run.");
    return Object.fromEntries(
      Object.keys(first).map((name) => [
        name,
        stackPort(
          name,
          calls.map((call) => portOf(call, name)),
        ),
      ]),
    );
  };
}

/** (r₁, …), (r₂, …), … → (r₁ + r₂ + …, …). The tensors must agree in every axis but the first. */
export function concatenateRows(parts: readonly Float32Tensor[]): Float32Tensor {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  const rows = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), 0);
  return float32Tensor(data, [rows, ...(parts[0]?.shape.slice(1) ?? [])]);
}

/** The inverse of `concatenateRows`, for parts of so many rows. Each part has memory of its own. */
export function splitRows(whole: Float32Tensor, rowCounts: readonly number[]): Float32Tensor[] {
  const [, ...rest] = whole.shape;
  const rowLength = rest.reduce((product, side) => product * side, 1);
  let offset = 0;
  return rowCounts.map((rows) => {
    const data = whole.data.slice(offset, offset + rows * rowLength);
    offset += data.length;
    return float32Tensor(data, [rows, ...rest]);
  });
}

function sameParts(a: readonly Float32Tensor[], b: readonly Float32Tensor[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

function portOf(call: NamedTensors, name: string): Float32Tensor {
  const tensor = call[name];
  if (tensor?.dtype !== "float32") throw new AppError(`Input ${name} of a call cannot be part of a batch.`);
  return tensor;
}
