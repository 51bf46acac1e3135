/** Bytes that a process holds at a time, of several holders. */
export interface ByteBudget {
  /**
   * Sets so many bytes aside for a holder, and gives the function that frees them, to be called once. Undefined, and
   * nothing is set aside, when the process or the holder has no room for them.
   */
  take(holder: string, bytes: number): (() => void) | undefined;
}

/** What all holders have together, and each of them: less than all, so that none keeps the others out. Bytes. */
export interface ByteBounds {
  readonly bytesMax: number;
  readonly holderBytesMax: number;
}

/** A budget with nothing set aside. A holder costs memory only while it has bytes. */
export function createByteBudget({ bytesMax, holderBytesMax }: ByteBounds): ByteBudget {
  const heldBy = new Map<string, number>();
  let held = 0;

  function add(holder: string, bytes: number): void {
    held += bytes;
    const now = (heldBy.get(holder) ?? 0) + bytes;
    if (now === 0) heldBy.delete(holder);
    else heldBy.set(holder, now);
  }

  return {
    take(holder, bytes) {
      if (held + bytes > bytesMax || (heldBy.get(holder) ?? 0) + bytes > holderBytesMax) return undefined;
      add(holder, bytes);
      return () => add(holder, -bytes);
    },
  };
}
