import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type RouteProbe, routeProbes } from "../support/route-probes.ts";
import { TestEdge } from "../support/test-edge.ts";

// Whatever route reads a body, nobody can fill the isolate's memory with it, or hold it for long.

const edge = new TestEdge();
const probes = routeProbes(edge.services).filter(({ bodyType }) => bodyType !== undefined);

let key: string;

beforeAll(async () => {
  await edge.admin("PUT", "somebody", {});
  key = await edge.createKey();
});

afterEach(() => {
  edge.nextTimeout = new AbortController();
});

function send({ method, path, bodyType = "", credential }: RouteProbe, body: BodyInit, address = "192.0.2.1") {
  const secret = credential === "admin" ? edge.env.ADMIN_SECRET : key;
  return edge.fetch(path, {
    method,
    headers: {
      "content-type": bodyType,
      "cf-connecting-ip": address,
      ...(credential === "none" ? {} : { authorization: `Bearer ${secret}` }),
    },
    body,
  });
}

async function codeOf(response: Response): Promise<string> {
  const { error, code }: { error: { code: string } | string; code?: string } = await response.json();
  return typeof error === "string" ? (code ?? "") : error.code;
}

/** Ends never; `bytes` of it come. */
function endless(bytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes > 0) controller.enqueue(new Uint8Array(bytes));
    },
  });
}

test.each(probes)("a body that is late ends $name with 408", async (probe) => {
  edge.nextTimeout.abort();
  const response = await send(probe, endless(10));
  expect([response.status, await codeOf(response)]).toEqual([408, "request_timeout"]);
});

test.each(probes)("a body whose sender leaves ends $name with 400", async (probe) => {
  const broken = new ReadableStream({
    pull(controller) {
      controller.error(new TypeError("gone"));
    },
  });
  const response = await send(probe, broken);
  expect([response.status, await codeOf(response)]).toEqual([400, "invalid_request"]);
});

describe("bodies under way", () => {
  const verify = probes.find(({ path }) => path === "/v1/verify") ?? expect.fail();
  const edit = probes.find(({ path }) => path === "/v1/images/edits") ?? expect.fail();
  const mebibyte = 1024 * 1024;

  test("are bounded for an address and for all strangers, not for who has a key, and their room comes back", async () => {
    const held = [send(verify, endless(16 * mebibyte), "192.0.2.1"), send(verify, endless(8 * mebibyte), "192.0.2.2")];
    // Once its own answer is there, what was sent before has arrived.
    for (const address of ["192.0.2.1", "192.0.2.3"]) {
      const refused = await send(verify, new Uint8Array(mebibyte), address);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("retry-after")).toBe("1");
      expect(refused.headers.get("x-should-retry")).toBe("true");
      expect(await codeOf(refused)).toBe("server_busy");
    }
    const body = JSON.stringify({ image: "A".repeat(8 * mebibyte), prompt: "apple" });
    expect((await send({ ...edit, bodyType: "application/json" }, body)).status).not.toBe(429);

    edge.nextTimeout.abort();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([408, 408]);
    edge.nextTimeout = new AbortController();
    expect((await send(verify, new Uint8Array(16 * mebibyte))).status).toBe(200);
  });
});
