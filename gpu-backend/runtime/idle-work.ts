/** Work that is done when nothing else is to do. */
export interface IdleWork {
  /** Does `work` in its turn, and gives what it gives. */
  add<Value>(work: () => Promise<Value>): Promise<Value>;
  isEmpty(): boolean;
  /** Does the first of it. Never rejects: whoever added it hears of its end. */
  doNext(): Promise<void>;
}

/** A queue of work; `onAdded` has somebody look at it. */
export function createIdleWork(onAdded: () => void): IdleWork {
  const queue: (() => Promise<void>)[] = [];

  return {
    add: (work) =>
      new Promise((resolve, reject) => {
        queue.push(() => work().then(resolve, reject));
        onAdded();
      }),
    isEmpty: () => queue.length === 0,
    async doNext() {
      await queue.shift()?.();
    },
  };
}
