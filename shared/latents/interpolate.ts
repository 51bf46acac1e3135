/** Beyond this cosine, float32 cannot distinguish the two directions, and the great circle's length is 0. */
const cosineMax = 0.9995;

/**
 * From `a` at `t` = 0 to `b` at 1 along the great circle between them (slerp; Shoemake 1985), in double
 * precision. Latents are near a sphere, whose inside decodes pale: a straight line would lead through it.
 */
export function interpolate(a: Float32Array, b: Float32Array, t: number): Float32Array {
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  if (!(Math.abs(cosine) <= cosineMax)) return mix(a, b, { ofA: 1 - t, ofB: t });
  const angle = Math.acos(cosine);
  const sine = Math.sin(angle);
  return mix(a, b, { ofA: Math.sin((1 - t) * angle) / sine, ofB: Math.sin(t * angle) / sine });
}

function mix(a: Float32Array, b: Float32Array, share: { readonly ofA: number; readonly ofB: number }): Float32Array {
  return a.map((value, i) => share.ofA * value + share.ofB * (b[i] ?? 0));
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
