/** Bytes of request bodies that the process holds at a time. */
export interface BodyBudget {
  /**
   * Sets so many bytes aside for a body from this address, and gives the function that frees them, to be called once.
   * Undefined, and nothing is set aside, when the process or the address has no room for them.
   */
  take(address: string, bytes: number): (() => void) | undefined;
}

/** `processBytesMax` for all together; each address at most half of it, so that none keeps all others out. */
export function createBodyBudget(processBytesMax: number): BodyBudget {
  const addressBytesMax = processBytesMax / 2;
  const heldBy = new Map<string, number>();
  let held = 0;

  function add(address: string, bytes: number): void {
    held += bytes;
    const now = (heldBy.get(address) ?? 0) + bytes;
    if (now === 0) heldBy.delete(address);
    else heldBy.set(address, now);
  }

  return {
    take(address, bytes) {
      if (held + bytes > processBytesMax || (heldBy.get(address) ?? 0) + bytes > addressBytesMax) return undefined;
      add(address, bytes);
      return () => add(address, -bytes);
    },
  };
}
