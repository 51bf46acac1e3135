/** Micro-USD as dollars, to the last millionth that matters: "$0.000055", "$999.98". */
export function dollars(microUsd: number): string {
  const value = microUsd / 1_000_000;
  return value >= 1 ? `$${value.toFixed(2)}` : `$${value.toFixed(6).replace(/0{1,4}$/u, "")}`;
}

/** A number of bytes, short: "2.3 KB". */
export function bytesText(bytes: number): string {
  return bytes < 1_000 ? `${bytes} B` : `${(bytes / 1_000).toFixed(1)} KB`;
}
