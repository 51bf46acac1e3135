import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import type { JobList } from "../../../shared/api/job.ts";
import { unfinishedJobsMax } from "../../../shared/limits.ts";
import { actor, ledgerStub, sumEntries } from "../support/account-book.ts";
import { JobClient, resultsIn } from "../support/job-client.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for the tiny bundle. */
const generated = 21;

const { ASYNC_JOBS, ACCOUNT_JOBS } = env as unknown as {
  readonly ASYNC_JOBS: DurableObjectNamespace;
  readonly ACCOUNT_JOBS: DurableObjectNamespace;
};

beforeEach(() => {
  backend.behaviour = "works";
});

let accounts = 0;

async function newAccount(creditMicroUsd = 100_000) {
  accounts += 1;
  const account = `jobs-${accounts}`;
  const jobs = new JobClient(edge, await edge.createKey(account, creditMicroUsd));
  return { account, jobs, balances: () => edge.ledger(account).balances() };
}

const pairsOf = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));

const three = { requests: [1, 2, 3].map((seed) => ({ prompt: "apple", seed })) };

describe("a job", () => {
  test("makes its pictures when nobody asks any more, tells them by links, and is charged what it cost", async () => {
    const { jobs, account, balances } = await newAccount();
    const created = await jobs.create("three", three);
    expect(created).toMatchObject({ object: "job", id: "three", progress: { requests: 3 } });
    expect(created.cost.ceiling_micro_usd).toBe(3 * generated);
    const job = await jobs.ended("three");
    expect(job).toMatchObject({ state: "succeeded", progress: { succeeded: 3, queued: 0 }, queue_position: null });
    expect(job.cost.micro_usd).toBe(3 * generated);
    expect(job.results.data.map(({ index, state }) => [index, state])).toEqual([0, 1, 2].map((i) => [i, "succeeded"]));
    const [picture] = job.results.data[0]?.data ?? [];
    if (picture === undefined || !("url" in picture)) throw new TypeError("The picture has no link.");
    expect((await edge.fetch(picture.url)).status).toBe(200);
    expect(await balances()).toMatchObject({ held: 0, spent: 3 * generated });
    await runInDurableObject(ledgerStub(account), async (_, { storage }) => {
      expect(await balances()).toMatchObject(sumEntries(storage.sql));
    });
  });

  test("sends the backend batch priority when it has many requests, and interactive when it has one", async () => {
    const { jobs } = await newAccount();
    const before = backend.terms.length;
    await jobs.create("many", three);
    await jobs.ended("many");
    await jobs.create("one", { requests: [{ prompt: "dog", seed: 1 }] });
    await jobs.ended("one");
    const priorities = backend.terms.slice(before).map(({ priority }) => priority);
    expect(priorities).toEqual(["batch", "batch", "batch", "interactive"]);
  });

  test("takes the defaults for every request that does not say otherwise", async () => {
    const { jobs } = await newAccount();
    const before = backend.jobs.length;
    await jobs.create("defaults", {
      defaults: { seed: 7, steps: 3 },
      requests: [{ prompt: "a" }, { prompt: "b", steps: 2 }],
    });
    await jobs.ended("defaults");
    const made = backend.jobs.slice(before).map(({ seeds, steps }) => [seeds, steps]);
    expect(made).toEqual(
      expect.arrayContaining([
        [[7], 3],
        [[7], 2],
      ]),
    );
  });

  test("keeps no prompt once it has ended", async () => {
    const { jobs, account } = await newAccount();
    await jobs.create("secret", { requests: [{ prompt: "a very secret apple" }] });
    await jobs.ended("secret");
    await runInDurableObject(ASYNC_JOBS.getByName(`${account}/secret`), (_, { storage }) => {
      const rows = ["job", "items"].flatMap((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray());
      expect(JSON.stringify(rows)).not.toContain("secret apple");
    });
  });

  test("that was never created, or belongs to another account, is not found", async () => {
    const [mine, other] = [await newAccount(), await newAccount()];
    await mine.jobs.create("mine", three);
    for (const [method, path] of [
      ["GET", "/mine"],
      ["GET", "/mine/events"],
      ["POST", "/mine/cancel"],
      ["DELETE", "/mine"],
    ]) {
      expect((await other.jobs.send(method ?? "", path ?? "")).status).toBe(404);
    }
    expect((await mine.jobs.get("mine")).id).toBe("mine");
  });
});

describe("creating a job", () => {
  test("again with the same body gives the same job, at once or later, and charges once", async () => {
    const { jobs, balances } = await newAccount();
    const answers = await Promise.all(Array.from({ length: 20 }, () => jobs.put("same", three)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array.from({ length: 19 }, () => 200), 201]);
    await jobs.ended("same");
    expect((await jobs.put("same", three)).status).toBe(200);
    expect(await balances()).toMatchObject({ held: 0, spent: 3 * generated });
  });

  test("again with another body is refused, naming the job, and changes nothing", async () => {
    const { jobs, balances } = await newAccount();
    const bodies = [three, { requests: [{ prompt: "dog", seed: 1 }] }];
    const answers = await Promise.all(bodies.map((body) => jobs.put("taken", body)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 422]);
    const refused = await answers.find(({ status }) => status === 422)?.json();
    expect(refused).toMatchObject({ error: { code: "job_id_reused", param: "id", message: /'taken'/u } });
    await jobs.ended("taken");
    expect((await balances()).held).toBe(0);
  });

  test("that is refused for want of credit or of places makes no object, however often it is tried", async () => {
    const { jobs: poor } = await newAccount(0);
    const { jobs: busy, account } = await newAccount();
    const list = ACCOUNT_JOBS.getByName(account);
    await runInDurableObject(list, (_, { storage }) => {
      for (let job = 0; job < unfinishedJobsMax; job += 1) {
        const row = [`waiting-${job}`, "queued", 1, Date.now()];
        storage.sql.exec("INSERT INTO jobs (job_id, state, requests, created_ms) VALUES (?, ?, ?, ?)", ...row);
      }
    });
    const before = await listDurableObjectIds(ASYNC_JOBS);
    for (const name of ["first", "second"]) {
      expect((await poor.put(name, three)).status).toBe(402);
      expect((await busy.put(name, three)).status).toBe(429);
    }
    expect(await listDurableObjectIds(ASYNC_JOBS)).toHaveLength(before.length);
  });

  test("that the account cannot pay is refused with 402, and leaves nothing behind", async () => {
    const { jobs, balances, account } = await newAccount(3 * generated - 1);
    expect((await jobs.put("dear", three)).status).toBe(402);
    expect(await balances()).toMatchObject({ available: 3 * generated - 1, held: 0 });
    expect(await (await jobs.send("GET", "")).json()).toMatchObject({ data: [] });
    await runInDurableObject(ASYNC_JOBS.getByName(`${account}/dear`), async (_, { storage }) => {
      expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'items'").toArray()).toEqual([]);
      expect(await storage.getAlarm()).toBeNull();
    });
    await edge.ledger(account).grant({ grantId: "more", microUsd: 1, actor });
    expect((await jobs.put("dear", three)).status).toBe(201);
  });

  test("with metadata and names at their limits gives them back, and the same job with others is another body", async () => {
    const { jobs } = await newAccount();
    const metadata = { ...pairsOf(15), ["k".repeat(64)]: "v".repeat(512) };
    const requests = [
      { prompt: "a", seed: 1, custom_id: "n".repeat(64) },
      { prompt: "b", seed: 1 },
    ];
    expect(await jobs.create("named", { metadata, requests })).toMatchObject({ metadata });
    const events = await jobs.events("named");
    const customIds = resultsIn(events)
      .toSorted((one, other) => one.index - other.index)
      .map((result) => result.custom_id);
    expect(customIds).toEqual(["n".repeat(64), null]);
    expect(await jobs.get("named")).toMatchObject({ metadata, results: { data: [{ custom_id: "n".repeat(64) }, {}] } });
    expect((await jobs.put("named", { metadata, requests })).status).toBe(200);
    expect((await jobs.put("named", { metadata: {}, requests })).status).toBe(422);
    const renamed = [{ ...requests[0], custom_id: "m" }, requests[1]];
    expect((await jobs.put("named", { metadata, requests: renamed })).status).toBe(422);
  });

  test("that finds the credit gone which was there a moment before leaves nothing behind either", async () => {
    const { jobs, account, balances } = await newAccount(3 * generated);
    const names = ["one", "two", "three", "four"];
    const answers = await Promise.all(names.map((name) => jobs.put(name, three)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 402, 402, 402]);
    const taken = names[answers.findIndex(({ status }) => status === 201)] ?? "";
    await jobs.ended(taken);
    expect(await balances()).toMatchObject({ held: 0, spent: 3 * generated });
    for (const name of names.filter((other) => other !== taken)) {
      await runInDurableObject(ASYNC_JOBS.getByName(`${account}/${name}`), async (_, { storage }) => {
        expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'items'").toArray()).toEqual([]);
        expect(await storage.getAlarm()).toBeNull();
      });
    }
  });

  test.each([
    ["an unknown field of a request", { requests: [{ prompt: "a" }, { prompt: "b", colour: 1 }] }, "requests.1.colour"],
    ["a size that the model lacks", { requests: [{ prompt: "a", size: "100x100" }] }, "requests.0.size"],
    ["no requests", { requests: [] }, "requests"],
    ["too many requests", { requests: Array.from({ length: 10_001 }, () => ({ prompt: "a" })) }, "requests"],
    [
      "too many pictures",
      { defaults: { n: 10 }, requests: Array.from({ length: 1_001 }, () => ({ prompt: "a" })) },
      "requests",
    ],
    [
      "pictures in the answer",
      { requests: [{ prompt: "a", response_format: "b64_json" }] },
      "requests.0.response_format",
    ],
    ["half a character", { requests: [{ prompt: "apple \ud83c" }] }, "requests.0.prompt"],
    ["another name of a field", { requests: [{ prompt: "a", width: 50, height: 50 }] }, "requests.0.width"],
    ["another model", { requests: [{ prompt: "a", model: "dall-e-3" }] }, "requests.0.model"],
    ["a webhook inside our network", { ...three, webhook_url: "https://10.0.0.1/hook" }, "webhook_url"],
    ["an unknown field", { ...three, when: "now" }, "when"],
    ["a name of 65 characters", { requests: [{ prompt: "a", custom_id: "n".repeat(65) }] }, "requests.0.custom_id"],
    ["a name that is a number", { requests: [{ prompt: "a", custom_id: 1 }] }, "requests.0.custom_id"],
    [
      "two requests of one name",
      { requests: ["a", "b"].map((prompt) => ({ prompt, custom_id: "one" })) },
      "requests.1.custom_id",
    ],
    ["17 pairs of metadata", { ...three, metadata: pairsOf(17) }, "metadata"],
    ["a key of 65 characters", { ...three, metadata: { ["k".repeat(65)]: "a" } }, "metadata"],
    ["a value of 513 characters", { ...three, metadata: { campaign: "v".repeat(513) } }, "metadata.campaign"],
    ["a value that is a number", { ...three, metadata: { campaign: 1 } }, "metadata.campaign"],
    [
      "a value that is a number under a long key",
      { ...three, metadata: { ["k".repeat(9_000)]: 1 } },
      `metadata.${"k".repeat(64)}`,
    ],
  ])("with %s is refused, naming it, and holds nothing", async (_, body, param) => {
    const { jobs, balances } = await newAccount();
    const response = await jobs.put("wrong", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
    expect((await balances()).held).toBe(0);
  });

  test("under a name that is none is refused", async () => {
    const { jobs } = await newAccount();
    for (const id of ["a%20b", "ä", "x".repeat(65)]) expect((await jobs.put(id, three)).status).toBe(400);
  });
});

describe("requests that fail", () => {
  test("are told one by one, and cost nothing, while the others succeed", async () => {
    const { jobs, balances } = await newAccount();
    const works = backend.fetch;
    globalThis.fetch = async (url, init) => {
      const body = new TextDecoder().decode(init?.body as Uint8Array);
      return body.includes('"seeds":[2]') ? Response.json({}, { status: 500 }) : works(String(url), { ...init });
    };
    await jobs.create("partly", three);
    const job = await jobs.ended("partly");
    globalThis.fetch = (url, init) => works(String(url), { ...init });
    expect(job).toMatchObject({ state: "partial", progress: { succeeded: 2, failed: 1 } });
    expect(job.results.data[1]).toMatchObject({ state: "failed", error: { code: "backend_failed" } });
    expect(await balances()).toMatchObject({ held: 0, spent: 2 * generated });
  });

  test("because the backend is away or busy are done when it is back, and charged once", async () => {
    const { jobs, balances } = await newAccount();
    let calls = 0;
    backend.behaviour = () => {
      calls += 1;
      if (calls === 4) backend.behaviour = "works";
      return new Response("", { status: calls % 2 === 0 ? 429 : 503, headers: { "retry-after": "0.1" } });
    };
    await jobs.create("patient", three);
    expect(await jobs.ended("patient")).toMatchObject({ state: "succeeded" });
    expect(await balances()).toMatchObject({ held: 0, spent: 3 * generated });
  });
});

describe("pages", () => {
  test("give every result once, in the order of the requests", async () => {
    const { jobs } = await newAccount();
    await jobs.create("paged", { requests: Array.from({ length: 7 }, (_, seed) => ({ prompt: "apple", seed })) });
    await jobs.ended("paged");
    const indices: number[] = [];
    for (let query = "?limit=3"; query !== ""; ) {
      const { results } = await jobs.get("paged", query);
      indices.push(...results.data.map(({ index }) => index));
      query = results.next_cursor === null ? "" : `?limit=3&cursor=${results.next_cursor}`;
    }
    expect(indices).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("give every job of the account once, newest first", async () => {
    const { jobs } = await newAccount();
    for (const id of ["a", "b", "c"]) await jobs.create(id, { requests: [{ prompt: "apple", seed: 1 }] });
    const first = await (await jobs.send("GET", "?limit=2")).json<{ data: { id: string }[]; next_cursor: string }>();
    const rest = await (await jobs.send("GET", `?limit=2&cursor=${first.next_cursor}`)).json<typeof first>();
    expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(["c", "b", "a"]);
    expect(rest.next_cursor).toBeNull();
  });

  test("give with details what each job alone gives, but for its results", async () => {
    const { jobs } = await newAccount();
    await jobs.create("told", { requests: [{ prompt: "apple", seed: 1 }, { prompt: "pear" }] });
    const { results: _, ...alone } = await jobs.ended("told");
    const { data } = await (await jobs.send("GET", "?details=true")).json<JobList>();
    expect(data).toEqual([{ ...alone, requests: 2 }]);
  });

  test.each(["?limit=0", "?limit=1001", "?limit=x", "?cursor=-1", "?details=all"])(
    "asked for with %s are refused",
    async (query) => {
      const { jobs } = await newAccount();
      expect((await jobs.send("GET", query)).status).toBe(400);
    },
  );
});

describe("events", () => {
  test("tell each result once with the place where a client that comes back goes on, and end with the job", async () => {
    const { jobs } = await newAccount();
    await jobs.create("followed", { requests: Array.from({ length: 5 }, (_, seed) => ({ prompt: "apple", seed })) });
    const events = await jobs.events("followed");
    const results = resultsIn(events);
    expect(results.map(({ index }) => index).toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(events.at(-1)).toMatchObject({ event: "job", data: { state: "succeeded" } });
    const ids = events.filter(({ event }) => event === "result").map(({ id }) => id);
    expect(ids).toEqual(["1", "2", "3", "4", "5"]);
    expect(resultsIn(await jobs.events("followed", "2"))).toEqual(
      results.slice(2).map((result) => expect.objectContaining({ index: result.index })),
    );
    const over = await jobs.send("GET", "/followed/events", undefined, { "last-event-id": "5" });
    expect(over.status).toBe(204);
  });

  test("come by the job's own path too, where they are accepted", async () => {
    const { jobs } = await newAccount();
    await jobs.create("accepted", three);
    const response = await jobs.send("GET", "/accepted", undefined, { accept: "text/event-stream" });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).toContain('"state":"succeeded"');
  });
});
