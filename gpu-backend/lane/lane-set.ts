import { err, ok, type Result } from "../../shared/result.ts";
import type { Lane, LaneLog, LaneReply } from "./lane.ts";
import { revisionOf } from "./lane-messages.ts";

/** A model that can be given a lane. */
export interface LaneModel {
  /** Of its graphs that are loaded at a time. */
  readonly bytes: number;
  /** Why it does not fit into the memory with `freed` bytes more, with the numbers; undefined when it does. */
  readonly memoryFault: (freed: number) => Promise<string | undefined>;
  /** Starts a process that loads it. */
  readonly start: () => Lane;
}

/** The lanes of several models, and which of them are loaded. */
export interface LaneSet extends Pick<Lane, "run" | "close"> {
  /** Loads a model unless it is loaded. Fails with the reason. */
  load(revision: string): Promise<Result<undefined, string>>;
  /** Whether tasks are taken: some model is loaded, or each is loaded when a task wants it. */
  isReady(): boolean;
  /** The revisions whose tasks begin at once. */
  warm(): readonly string[];
  /** Whether a model is loaded, or is to be. */
  isWanted(revision: string): boolean;
}

/** What a set is made of. */
export interface LaneSetOptions {
  /** By revision. The set asks only for those that it is given tasks of. */
  readonly modelOf: (revision: string) => LaneModel;
  /** Bytes of models that may be loaded at a time; one model may always be. */
  readonly bytesMax: number;
  readonly log: LaneLog;
}

/** A model that was wanted, until it is evicted. */
interface Resident {
  readonly model: LaneModel;
  /** In the order in which models were first wanted. */
  readonly loaded: Promise<Result<Lane, string>>;
  /** Undefined until it is loaded. */
  lane: Lane | undefined;
  /** Those that wait for the load too, so that each load serves them before an eviction. */
  tasks: number;
  /** Called when no task is left. */
  onIdle: () => void;
}

const unready: LaneReply = { kind: "unready" };

/**
 * A lane a model, loaded when a task wants it. The model used longest ago is evicted for want of memory, after its
 * tasks: its process ends, so all that it took is free, and no model's crash takes another's tasks. Loads are one after
 * another, so that two never count on the same memory; tasks of models that are loaded go on meanwhile.
 */
export function createLaneSet(options: LaneSetOptions): LaneSet {
  /** In the order of their last use. */
  const residents = new Map<string, Resident>();
  const load = createLoader(residents, options);
  let turn: Promise<unknown> = Promise.resolve();
  let hasStarted = false;

  function resident(revision: string): Resident {
    const known = residents.get(revision) ?? want(revision);
    residents.delete(revision);
    residents.set(revision, known);
    return known;
  }

  function want(revision: string): Resident {
    const model = options.modelOf(revision);
    const loaded = turn.then(() => load.begin(revision, wanted));
    turn = loaded.then((outcome) => {
      hasStarted ||= outcome.ok;
      if (!outcome.ok) options.log.warn({ revision, reason: outcome.error }, "model cannot be loaded");
    });
    const wanted: Resident = { model, loaded, lane: undefined, tasks: 0, onIdle: () => undefined };
    return wanted;
  }

  const isTaken = ({ lane }: Resident) => lane?.isReady() === true;

  return {
    async load(revision) {
      const { loaded } = resident(revision);
      const outcome = await loaded;
      return outcome.ok ? ok(undefined) : outcome;
    },
    isReady: () => hasStarted && (residents.size === 0 || [...residents.values()].some(isTaken)),
    warm: () => [...residents].filter(([, entry]) => isTaken(entry)).map(([revision]) => revision),
    isWanted: (revision) => residents.has(revision),
    async run(task, terms) {
      const entry = resident(revisionOf(task));
      entry.tasks += 1;
      try {
        const lane = await Promise.race([entry.loaded, aborted(terms.signal)]);
        return lane?.ok === true ? await lane.value.run(task, terms) : unready;
      } finally {
        entry.tasks -= 1;
        if (entry.tasks === 0) entry.onIdle();
      }
    },
    async close() {
      await load.close();
      await turn;
    },
  };
}

/** Loads models, after evicting others where there is no room. */
interface Loader {
  begin(revision: string, wanted: Resident): Promise<Result<Lane, string>>;
  /** Ends all lanes and starts no other. */
  close(): Promise<void>;
}

function createLoader(residents: Map<string, Resident>, { bytesMax, log }: LaneSetOptions): Loader {
  /** Those that begin or end too. */
  const open = new Set<Lane>();
  let isClosed = false;
  const loadedBytes = () =>
    [...residents.values()].reduce((sum, { lane, model }) => sum + (lane === undefined ? 0 : model.bytes), 0);

  async function close(lane: Lane): Promise<void> {
    await lane.close();
    open.delete(lane);
  }

  async function makeRoom({ bytes, memoryFault }: LaneModel): Promise<void> {
    for (const [revision, entry] of residents) {
      if (loadedBytes() + bytes <= bytesMax && (await memoryFault(0)) === undefined) return;
      if (entry.lane === undefined) continue;
      // From here on its new tasks have it loaded again, in their turn.
      residents.delete(revision);
      await idle(entry);
      await close(entry.lane);
      log.info({ revision }, "model evicted");
    }
  }

  async function start(wanted: Resident): Promise<Result<Lane, string>> {
    // A model that cannot fit evicts none.
    const hopeless = await wanted.model.memoryFault(loadedBytes());
    if (hopeless === undefined) await makeRoom(wanted.model);
    const fault = isClosed ? "The server ends." : (hopeless ?? (await wanted.model.memoryFault(0)));
    if (fault !== undefined) return err(fault);
    const lane = wanted.model.start();
    open.add(lane);
    const started = await lane.started;
    if (started.ok) return ok(lane);
    await close(lane);
    return started;
  }

  return {
    async begin(revision, wanted) {
      const outcome = await start(wanted);
      if (outcome.ok) wanted.lane = outcome.value;
      else if (residents.get(revision) === wanted) residents.delete(revision);
      return outcome;
    },
    async close() {
      isClosed = true;
      await Promise.all([...open].map(close));
    },
  };
}

function idle(entry: Resident): Promise<void> {
  return new Promise((resolve) => {
    entry.onIdle = resolve;
    if (entry.tasks === 0) resolve();
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });
}
