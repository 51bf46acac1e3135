import { rememberedNoncesMax } from "../limits.ts";

/** Remembers nonces for as long as a signature made with them would still be accepted. */
export interface ReplayGuard {
  /** True when the nonce is new; false when it was seen before, or cannot be remembered. `expiresSeconds`: Unix time. */
  remember(nonce: string, expiresSeconds: number): boolean;
}

/** Settings of the guard in memory: its clock in Unix seconds, and how many nonces it holds at most. */
export interface MemoryReplayGuardOptions {
  readonly nowSeconds: () => number;
  readonly capacity?: number;
}

/**
 * A guard for one process. Bounded: when it is full of nonces that still count it refuses new ones, because forgetting
 * one would let its request in again.
 */
export function createMemoryReplayGuard(options: MemoryReplayGuardOptions): ReplayGuard {
  const capacity = options.capacity ?? rememberedNoncesMax;
  const expiries = new Map<string, number>();

  return {
    remember(nonce, expiresSeconds) {
      const nowSeconds = options.nowSeconds();
      const known = expiries.get(nonce);
      if (known !== undefined && known >= nowSeconds) return false;
      if (expiries.size >= capacity) dropExpired(expiries, nowSeconds);
      if (expiries.size >= capacity) return false;
      expiries.set(nonce, expiresSeconds);
      return true;
    },
  };
}

/** Costs one pass over all nonces, and is paid at most once for each `capacity` requests while there is room. */
function dropExpired(expiries: Map<string, number>, nowSeconds: number): void {
  for (const [nonce, expiresSeconds] of expiries) {
    if (expiresSeconds < nowSeconds) expiries.delete(nonce);
  }
}
