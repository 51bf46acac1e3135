/** How a model wants its times: the manifest's `timestepEmbedding`. */
export interface TimestepEmbedding {
  readonly width: number;
  /** Of `width / 2` angular frequencies; computed when absent. */
  readonly frequencies?: readonly number[] | undefined;
}

const timeScale = 10_000;

/**
 * (width) values for a time in [0, 1]: all sines, then all cosines. Phases reach 10⁴ radians, so each is rounded to
 * float32 exactly where training rounded it.
 */
export function embedTimestep(embedding: TimestepEmbedding, t: number): Float32Array<ArrayBuffer> {
  const frequencies = embedding.frequencies ?? timestepFrequencies(embedding.width);
  const scaled = Math.fround(Math.fround(t) * timeScale);
  const phases = frequencies.map((frequency) => Math.fround(scaled * Math.fround(frequency)));
  return Float32Array.from([...phases.map(Math.sin), ...phases.map(Math.cos)]);
}

/** (width / 2) float32 frequencies 10⁴^(−k / (width / 2 − 1)). */
export function timestepFrequencies(width: number): number[] {
  const half = width / 2;
  const rate = Math.fround(-Math.log(timeScale) / (half - 1));
  return Array.from({ length: half }, (_, k) => Math.fround(Math.exp(Math.fround(k * rate))));
}
