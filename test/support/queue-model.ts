// What the backend's queue promises, said once more and as plainly as possible. Imports nothing of the code under test.

/** A task as the model knows it. */
export interface ModelTask {
  readonly id: number;
  readonly tenant: string;
  readonly priority: "interactive" | "batch";
  readonly request: string | undefined;
  readonly cost: number;
  readonly isDecode: boolean;
  /** Its tenant's share when it began. */
  tag: number;
  /** Four times as dear as it is, if its tenant asked for four or more tasks when it began. */
  weighed: number;
  /** What the lane orders its steps by. */
  shownTag: number;
}

type Place = Pick<ModelTask, "tenant" | "priority" | "request">;

/** Every task makes one picture. */
export class QueueModel {
  waiting: ModelTask[] = [];
  running: ModelTask[] = [];
  readonly #placesMax: number;
  readonly #picturesMax: number;
  readonly #accepted = new Set<string>();
  readonly #begun: ModelTask[] = [];

  constructor(placesMax: number, picturesMax: number) {
    this.#placesMax = placesMax;
    this.#picturesMax = picturesMax;
  }

  /** Whether a task is accepted. */
  accepts({ tenant, priority, request }: Place): boolean {
    if (request !== undefined && this.#accepted.has(request)) return true;
    const before = this.waiting.filter((task) => priority === "batch" || task.priority === "interactive");
    const load = this.#load(priority);
    if (before.length === 0 && load < this.#picturesMax) return true;
    const own = this.waiting.filter((task) => task.tenant === tenant).length;
    const isBlocked = priority === "batch" && this.waiting.some((task) => task.priority === "interactive");
    if (own === 0 && !isBlocked && this.#runsNothing(tenant) && load < 2 * this.#picturesMax) return true;
    const free = (priority === "batch" ? this.#placesMax / 2 : this.#placesMax) - this.waiting.length;
    return own === 0 ? free > 0 : own < free;
  }

  submit(task: ModelTask): boolean {
    if (!this.accepts(task)) return false;
    if (task.request !== undefined) this.#accepted.add(task.request);
    this.waiting.push(task);
    this.#settle();
    return true;
  }

  /** A task ended or was cancelled. */
  remove(id: number): void {
    this.waiting = this.waiting.filter((task) => task.id !== id);
    this.running = this.running.filter((task) => task.id !== id);
    this.#settle();
  }

  #load(priority: string): number {
    return this.running.filter((task) => priority === "batch" || task.priority === "interactive").length;
  }

  #runsNothing(tenant: string): boolean {
    return this.running.every((task) => task.tenant !== tenant);
  }

  /** The least that anybody who runs was given; with nobody, the most that anybody had when they began. */
  #now(priority: string): number {
    const tags = this.running.filter((task) => task.priority === priority).map(({ tag }) => tag);
    if (tags.length > 0) return Math.min(...tags);
    return Math.max(0, ...this.#begun.filter((task) => task.priority === priority).map(({ tag }) => tag));
  }

  /** From the whole history: after its last task, or now. */
  #share({ tenant, priority }: Place): number {
    const last = this.#begun.findLast((task) => task.tenant === tenant && task.priority === priority);
    return Math.max(this.#now(priority), last === undefined ? 0 : last.tag + last.weighed);
  }

  /** Of its tenant's last task, or now. */
  #lastShare({ tenant, priority }: Place): number {
    const last = this.#begun.findLast((task) => task.tenant === tenant && task.priority === priority);
    return Math.max(this.#now(priority), last?.tag ?? 0);
  }

  #settle(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { id } = next;
      next.shownTag = next.isDecode ? this.#lastShare(next) : this.#share(next);
      next.tag = this.#share(next);
      const asked = [...this.waiting, ...this.running].filter(
        ({ tenant, priority }) => tenant === next.tenant && priority === next.priority,
      );
      next.weighed = next.cost * Math.min(4, asked.length);
      this.waiting = this.waiting.filter((task) => task.id !== id);
      this.running.push(next);
      this.#begun.push(next);
    }
  }

  #next(): ModelTask | undefined {
    const hasInteractive = this.waiting.some(({ priority }) => priority === "interactive");
    const rivals = this.waiting.filter(({ priority }) => priority === "interactive" || !hasInteractive);
    const ordered = rivals.toSorted((a, b) => this.#share(a) - this.#share(b) || a.id - b.id);
    const [first] = ordered;
    if (first === undefined) return undefined;
    const load = this.#load(first.priority);
    if (load < this.#picturesMax) return first;
    return load < 2 * this.#picturesMax ? ordered.find(({ tenant }) => this.#runsNothing(tenant)) : undefined;
  }
}
