import { describe, expect, test } from "vitest";
import type { BackendFault } from "../../../shared/backend-fault.ts";
import type { Failure } from "../../../shared/errors.ts";
import { backlogHeader } from "../../../shared/wire/backlog.ts";
import { formatWireFailure } from "../../../shared/wire/failure.ts";
import { modelsHeader } from "../../../shared/wire/models-header.ts";
import type { GpuBackend } from "../../../workers/gpu/gpu-backends.ts";
import { createGpuFleet } from "../../../workers/gpu/gpu-fleet.ts";
import type { Region } from "../../../workers/gpu/region.ts";

const decodeRequest = {
  method: "POST",
  target: "/decode?format=png",
  body: Uint8Array.of(1),
  timeoutMs: 120_000,
  answerBytesMax: 1_000,
} as const;

const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

const lookEveryMs = 10_000;

/** What a backend of the test does with a request. */
type Behaviour = (signal: AbortSignal) => Response | Promise<Response>;

const answers = (backlogMs = 0, headers = {}): Behaviour => {
  return () => new Response("picture", { headers: { [backlogHeader]: String(backlogMs), ...headers } });
};
const refuses = (status: number, headers: Record<string, string> = {}): Behaviour => {
  return () => new Response(null, { status, headers });
};
const fails = (failure: Failure): Behaviour => {
  const { status, body, headers } = formatWireFailure(failure);
  return () => Response.json(body, { status, headers });
};
const isAway: Behaviour = () => {
  throw new TypeError("connection refused");
};
/** Answers never, unless it is stopped. */
const hangs: Behaviour = (signal) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });

/** Backends that are named by their first letter, and the order in which they were asked. */
function setUp(backends: readonly Omit<GpuBackend, "url">[]) {
  const asked: string[] = [];
  const log: unknown[] = [];
  const timers: { readonly milliseconds: number; readonly controller: AbortController }[] = [];
  const behaviours: Record<string, Behaviour> = {};
  const requests: Request[] = [];
  const clock = { nowMs: 1_000_000, isFlying: false };
  const fleet = createGpuFleet({
    backends: backends.map((backend, index) => ({ url: `https://${"abc"[index]}.test`, ...backend })),
    secret: "s".repeat(32),
    nowMs: () => clock.nowMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    timeout(milliseconds) {
      const controller = new AbortController();
      // Looks at a backend that is silent come every ten seconds.
      if (milliseconds !== lookEveryMs) timers.push({ milliseconds, controller });
      else if (clock.isFlying) controller.abort();
      return controller.signal;
    },
    log: (entry) => log.push(entry),
    async fetch(url, init) {
      const { hostname, pathname } = new URL(url);
      const name = hostname.slice(0, 1);
      asked.push(pathname === "/decode" ? name : `${name}${pathname}`);
      requests.push(new Request(url, { ...init, signal: null }));
      return (behaviours[name] ?? answers())(init.signal ?? new AbortController().signal);
    },
  });
  const decode = (region?: Region, isHedged = false) =>
    fleet.send({ ...decodeRequest, origin: { region, traceparent } }, { isHedged });
  return { fleet, asked, log, timers, behaviours, requests, clock, decode };
}

const failed = (code: string) => ({ ok: false, error: { code } });

describe("who is asked", () => {
  const places = [{ region: "wnam" }, { region: "weur" }, {}] as const;

  test("is the backend nearest to the client, and without a region one that is near everywhere", async () => {
    const { decode, asked } = setUp(places.slice(0, 2));
    for (const region of ["eeur", "enam", "weur", "wnam"] as const) await decode(region);
    expect(asked.join("")).toBe("baba");
  });

  test("is a backend that has loaded the model before one that would load it, and last one that lacks it", async () => {
    const { fleet, behaviours, asked } = setUp([{}, {}, {}]);
    const [lacks, cold, warm] = ["1;warm", "1;warm, 2", "2;warm"].map((models) => ({ [modelsHeader]: models }));
    Object.assign(behaviours, { a: refuses(404, lacks), b: answers(0, cold), c: answers(0, warm) });
    for (let times = 0; times < 3; times += 1) await fleet.send({ ...decodeRequest, revision: "2" });
    expect(asked.join("")).toBe("abcc");
  });

  test("is, where the client's place is not known, the first that has least to do", async () => {
    const { decode, asked, behaviours } = setUp(places);
    behaviours["a"] = answers(500);
    for (let times = 0; times < 2; times += 1) await decode();
    expect(asked.join("")).toBe("ab");
  });

  test("is a farther one while what the nearest said it had to do takes longer than the way", async () => {
    const { decode, asked, behaviours, clock } = setUp(places.slice(0, 2));
    behaviours["a"] = answers(5_000);
    for (const _ of "123") await decode("wnam");
    expect(asked.join("")).toBe("abb");
    clock.nowMs += 5_000;
    await decode("wnam");
    expect(asked.join("")).toBe("abba");
  });

  test("are all in turn, when many requests come before the first is answered", async () => {
    const { decode, asked } = setUp([{}, {}, {}]);
    await Promise.all([decode(), decode(), decode(), decode(), decode(), decode()]);
    expect(asked.toSorted().join("")).toBe("aabbcc");
  });

  test("is a spare only when the others cannot", async () => {
    const { decode, asked, behaviours } = setUp([{ standby: true }, { region: "oc" }]);
    behaviours["b"] = answers(100_000);
    await decode("weur");
    await decode("weur");
    behaviours["b"] = refuses(429, { "retry-after": "9" });
    await decode("weur");
    expect(asked.join("")).toBe("bbba");
  });

  test("gets the headers for its proxy, the trace and a signature of its own", async () => {
    const { decode, requests, behaviours } = setUp([{ headers: { "Modal-Key": "k" } }, {}]);
    behaviours["a"] = isAway;
    await decode();
    expect(requests.map(({ headers }) => headers.get("modal-key"))).toEqual(["k", null]);
    expect(new Set(requests.map(({ headers }) => headers.get("traceparent")))).toEqual(new Set([traceparent]));
    expect(new Set(requests.map(({ headers }) => headers.get("x-wuerstchen-nonce"))).size).toBe(2);
  });
});

describe("a failure", () => {
  test.each<[string, Behaviour]>([
    ["that is away", isAway],
    ["whose proxy says so", refuses(502)],
    ["without room", refuses(429)],
    ["with another bundle", refuses(400)],
    ["that failed", refuses(500)],
  ])("of a backend %s is not seen when another does it", async (_, behaviour) => {
    const { decode, asked, behaviours } = setUp([{}, {}]);
    behaviours["a"] = behaviour;
    expect(await decode()).toMatchObject({ ok: true });
    expect(asked.join("")).toBe("ab");
  });

  test("in the middle of a run is not brought to a third backend", async () => {
    const { decode, asked, behaviours } = setUp([{}, {}, {}]);
    for (const name of "abc") behaviours[name] = refuses(500);
    expect(await decode()).toMatchObject(failed("backend_failed"));
    expect(asked.join("")).toBe("ab");
  });

  test("of all tells when the first will have room, else whether coming back helps", async () => {
    const { decode, behaviours } = setUp([{}, {}, {}]);
    Object.assign(behaviours, { a: isAway, b: refuses(429, { "retry-after": "30" }), c: refuses(400) });
    expect(await decode()).toMatchObject({ error: { code: "backend_overloaded", retryAfterSeconds: 30 } });
    behaviours["b"] = refuses(400);
    expect(await decode()).toMatchObject(failed("backend_unavailable"));
    behaviours["a"] = refuses(400);
    expect(await decode()).toMatchObject(failed("backend_failed"));
  });

  test("by time is final: the request's time is for all attempts together", async () => {
    const { decode, asked, behaviours, timers } = setUp([{}, {}]);
    behaviours["a"] = hangs;
    const outcome = decode();
    timers[0]?.controller.abort();
    expect(await outcome).toMatchObject(failed("deadline_exceeded"));
    expect(asked.join("")).toBe("a");
    expect(timers[0]?.milliseconds).toBe(120_000);
  });

  test("that every backend would repeat is asked of no other, and closes no backend's circuit", async () => {
    const { decode, asked, behaviours } = setUp([{}, {}]);
    behaviours["a"] = fails({ code: "backend_failed", fault: "not_finite" });
    for (const _ of "1234") expect(await decode()).toMatchObject(failed("backend_failed"));
    expect(asked.join("")).toBe("aaaa");
  });

  test.each<BackendFault>(["out_of_memory", "bundle_damaged", "process_died", "timed_out"])(
    "of one backend alone (%s) is tried elsewhere, and keeps its kind when the other has it too",
    async (fault) => {
      const { decode, asked, behaviours } = setUp([{}, {}]);
      behaviours["a"] = fails({ code: "backend_failed", fault });
      expect(await decode()).toMatchObject({ ok: true });
      behaviours["b"] = fails({ code: "backend_failed", fault });
      expect(await decode()).toMatchObject({ ok: false, error: { code: "backend_failed", fault } });
      expect(asked.join("")).toMatch(/^ab(?:ab|ba)$/u);
    },
  );

  test("by the client's own deadline is told as that, and nobody else is asked", async () => {
    const { decode, asked, behaviours } = setUp([{}, {}]);
    behaviours["a"] = fails({ code: "deadline_exceeded" });
    expect(await decode()).toMatchObject(failed("deadline_exceeded"));
    expect(asked.join("")).toBe("a");
  });

  test("by a full guard against replays is worth another try in a second", async () => {
    const { decode, behaviours } = setUp([{}]);
    const { body } = formatWireFailure({ code: "backend_overloaded", retryAfterSeconds: 1 });
    behaviours["a"] = () => Response.json(body, { status: 503, headers: { "retry-after": "1" } });
    expect(await decode()).toMatchObject({ error: { code: "backend_overloaded", retryAfterSeconds: 1 } });
  });

  test.each(["1e20", "-1", "Infinity", "99999999999999999999"])(
    "never passes on nonsense for a time: %s",
    async (time) => {
      const { decode, behaviours } = setUp([{}]);
      behaviours["a"] = refuses(429, { "retry-after": time });
      expect(await decode()).toMatchObject({ error: { code: "backend_overloaded", retryAfterSeconds: 2 } });
    },
  );

  test("because nobody wants the answer any more is not brought to another backend", async () => {
    const { fleet, asked, behaviours } = setUp([{}, {}]);
    const caller = new AbortController();
    behaviours["a"] = () => {
      caller.abort();
      return new Response(null, { status: 409 });
    };
    const request = { ...decodeRequest, timeoutMs: 1_000 };
    expect((await fleet.send(request, { unwanted: caller.signal })).ok).toBe(false);
    expect(asked.join("")).toBe("a");
  });

  test("is logged by region and status, without an address or a query", async () => {
    const { decode, log, behaviours } = setUp([{ region: "weur" }, {}]);
    Object.assign(behaviours, { a: refuses(502), b: isAway });
    await decode("weur");
    expect(log).toEqual([
      { event: "backend_refused", path: "/decode", status: 502, region: "weur" },
      { event: "backend_unreachable", path: "/decode" },
    ]);
  });
});

describe("a backend that fails three times in a row", () => {
  async function opened() {
    const set = setUp([{ region: "weur" }, { region: "oc" }]);
    set.behaviours["a"] = isAway;
    for (const _ of "123") await set.decode("weur");
    expect(set.asked.splice(0).join("")).toBe("ababab");
    return set;
  }

  test("is left alone for a while", async () => {
    const { decode, asked } = await opened();
    for (const _ of "123") await decode("weur");
    expect(asked.join("")).toBe("bbb");
  });

  test("is then looked at by a request of our own, and gets work again when it is well", async () => {
    const { decode, asked, behaviours, clock } = await opened();
    clock.nowMs += 2_000;
    behaviours["a"] = answers();
    await Promise.all([decode("weur"), decode("weur")]);
    expect(asked.splice(0).toSorted()).toEqual(["a/health", "b", "b"]);
    await decode("weur");
    expect(asked).toEqual(["a"]);
  });

  test("is looked at after ever longer times while it stays away, and no client waits for that", async () => {
    const { decode, asked, clock } = await opened();
    for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
      clock.nowMs += seconds * 1_000 - 1;
      await decode("weur");
      expect(asked.splice(0)).toEqual(["b"]);
      clock.nowMs += 1;
      await decode("weur");
      expect(asked.splice(0).toSorted()).toEqual(["a/health", "b"]);
    }
  });

  test("is asked all the same when no other can do it", async () => {
    const { decode, behaviours } = await opened();
    Object.assign(behaviours, { a: answers(), b: isAway });
    expect(await decode("weur")).toMatchObject({ ok: true });
  });

  test("is still asked when it is the only one", async () => {
    const { decode, asked, behaviours, clock } = setUp([{}]);
    behaviours["a"] = isAway;
    for (const _ of "12345") await decode();
    clock.nowMs += 60_000;
    behaviours["a"] = answers();
    expect(await decode()).toMatchObject({ ok: true });
    expect(asked.join("")).toBe("aaaaaa");
  });

  test("is not one that only refuses what is not for it", async () => {
    const { decode, asked, behaviours } = setUp([{}, {}]);
    behaviours["a"] = refuses(400);
    for (const _ of "1234") await decode();
    expect(asked.filter((name) => name === "a").length).toBeGreaterThan(1);
    expect(asked.filter((name) => name.endsWith("/health"))).toEqual([]);
  });
});

describe("a backend that says nothing", () => {
  test("to its health either, twice, has vanished: another one is asked", async () => {
    const { decode, asked, behaviours, clock, timers } = setUp([{}, {}]);
    behaviours["a"] = (signal) => (asked.at(-1) === "a" ? hangs(signal) : isAway(signal));
    clock.isFlying = true;
    expect(await decode()).toMatchObject({ ok: true });
    expect(asked.filter((name) => name !== "b/health")).toEqual(["a", "a/health", "a/health", "b"]);
    expect(timers[0]?.controller.signal.aborted).toBe(false);
  });

  test("but is well is waited for, however long it takes", async () => {
    const { decode, asked, behaviours, clock } = setUp([{}, {}]);
    let finish: (answer: Response) => void = () => {};
    const finished = new Promise<Response>((resolve) => {
      finish = resolve;
    });
    behaviours["a"] = (signal) => {
      if (asked.at(-1) === "a") return finished;
      if (asked.length > 5) finish(new Response("picture"));
      return answers()(signal);
    };
    clock.isFlying = true;
    expect(await decode()).toMatchObject({ ok: true });
    expect(asked).not.toContain("b");
  });

  test("is not looked after when there is no other", async () => {
    const { decode, asked, behaviours, clock, timers } = setUp([{}]);
    behaviours["a"] = hangs;
    clock.isFlying = true;
    const outcome = decode();
    timers[0]?.controller.abort();
    expect(await outcome).toMatchObject(failed("deadline_exceeded"));
    expect(asked).toEqual(["a"]);
  });
});

describe("a hedge", () => {
  /** Twenty answers of 1 to 20 ms, so that the 95th percentile is 19. */
  async function measured(backends: readonly Omit<GpuBackend, "url">[] = [{}, {}]) {
    const set = setUp(backends);
    for (let milliseconds = 1; milliseconds <= 20; milliseconds += 1) {
      set.behaviours["a"] = () => {
        set.clock.nowMs += milliseconds;
        return answers()(new AbortController().signal);
      };
      await set.decode(undefined, true);
      set.clock.nowMs += 1_000;
    }
    set.asked.length = 0;
    set.timers.length = 0;
    return set;
  }

  test("is a second request once the first takes longer than nineteen of twenty did; the loser is stopped", async () => {
    const { decode, asked, behaviours, timers, log } = await measured();
    let isStopped = false;
    behaviours["a"] = (signal) => {
      signal.addEventListener("abort", () => {
        isStopped = true;
      });
      return hangs(signal);
    };
    const outcome = decode(undefined, true);
    expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([120_000, 19]);
    timers[1]?.controller.abort();
    expect(await outcome).toMatchObject({ ok: true });
    expect(asked.join("")).toBe("ab");
    expect(isStopped).toBe(true);
    expect(log).toEqual([]);
  });

  test("is not made before enough is known, nor for what may not be repeated, nor by waking a spare", async () => {
    const few = setUp([{}, {}]);
    await few.decode(undefined, true);
    expect(few.timers).toHaveLength(1);
    const { decode, timers } = await measured();
    await decode(undefined, false);
    expect(timers).toHaveLength(1);
    const spare = await measured([{}, { standby: true }]);
    await spare.decode(undefined, true);
    expect(spare.timers).toHaveLength(1);
  });
});

test("every backend is asked where each counts", async () => {
  const { fleet, behaviours } = setUp([{}, {}]);
  behaviours["b"] = isAway;
  const found = await fleet.sendToEach({ ...decodeRequest, method: "GET", target: "/health" });
  expect(found.map(({ ok }) => ok)).toEqual([true, false]);
});
