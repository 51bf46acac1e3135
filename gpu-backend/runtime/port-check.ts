import { describeTensor, type HostTensor } from "../../shared/decoding/host-tensor.ts";
import type { ManifestGraph } from "../../shared/models/manifest.ts";

type Port = ManifestGraph["inputs"][number];

/** A graph's inputs by the names that the manifest gives them. */
export type NamedTensors = Readonly<Record<string, HostTensor>>;

/**
 * Why these inputs do not fit the graph, or undefined when they do. Says names, dtypes and shapes, never values.
 */
export function portFault(graph: Pick<ManifestGraph, "inputs">, inputs: NamedTensors): string | undefined {
  const sides = new Map<string, number>();
  for (const port of graph.inputs) {
    const tensor = inputs[port.name];
    if (tensor === undefined) return `input ${port.name} is missing`;
    if (tensor.dtype !== port.dtype || !bindShape(port, tensor.shape, sides)) {
      return `input ${port.name} is ${describeTensor(tensor)}, not ${port.dtype} (${port.shape.join(", ")})`;
    }
    const count = tensor.shape.reduce((product, side) => product * side, 1);
    if (count !== tensor.data.length) {
      return `input ${port.name} is ${describeTensor(tensor)} but holds ${tensor.data.length} values`;
    }
  }
  return undefined;
}

/** Whether a shape fits a port. A letter takes the length that it meets first and keeps it for the whole graph. */
function bindShape(port: Port, shape: readonly number[], sides: Map<string, number>): boolean {
  if (shape.length !== port.shape.length) return false;
  return port.shape.every((axis, index) => {
    const length = shape[index] ?? 0;
    if (typeof axis === "number") return axis === length;
    const { name, argument } = readAxis(axis, length);
    const bound = sides.get(name) ?? argument;
    sides.set(name, bound);
    return bound === argument && Number.isInteger(argument) && argument > 0;
  });
}

/** "h", "4*h" or "1+t" of the given length → the letter and the length that it stands for. */
function readAxis(axis: string, length: number): { readonly name: string; readonly argument: number } {
  const [, number, operation, name = axis] = /^(\d+)([*+])([a-z]+)$/u.exec(axis) ?? [];
  if (operation === "*") return { name, argument: length / Number(number) };
  if (operation === "+") return { name, argument: length - Number(number) };
  return { name, argument: length };
}
