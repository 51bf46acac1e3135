import { expect, test } from "vitest";
import { firstPicture, TestEdge } from "../support/test-edge.ts";

// What the requests of a key or an account mean where they say nothing.

const strict = new TestEdge();

test("a key's defaults hold for generations, Hugging Face's task and jobs, survive a rotation, and a body overrides them", async () => {
  const account = "account-with-defaults";
  const defaults = { reuse: "fresh", size: "32x64", output_format: "webp", response_format: "url" };
  const key = await strict.createKey(account, undefined, { defaults });
  const { data: keys } = await (await strict.admin("GET", `${account}/keys`)).json<{
    data: { id: string; defaults: object }[];
  }>();
  expect(keys[0]?.defaults).toEqual(defaults);

  const answer = await strict.generate(key, { prompt: "red apple" });
  expect(answer).toMatchObject({ size: "32x64", output_format: "webp", data: [{ url: expect.any(String) }] });
  const own = { prompt: "red apple", size: "64x64", output_format: "png", response_format: "b64_json" };
  expect(await strict.generate(key, own)).toMatchObject({ size: "64x64", output_format: "png" });

  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const task = { method: "POST", headers, body: JSON.stringify({ inputs: "red apple" }) };
  expect((await strict.fetch("/hf/models/tiny", task)).headers.get("content-type")).toBe("image/webp");

  const job = { method: "PUT", headers, body: JSON.stringify({ requests: [{ prompt: "red apple" }] }) };
  expect((await strict.fetch("/v1/jobs/with-defaults", job)).status).toBe(201);

  const rotated = await strict.admin("POST", `${account}/keys/${keys[0]?.id}/rotations`, {});
  const { key: next } = await rotated.json<{ key: string }>();
  expect(await strict.generate(next, { prompt: "red apple" })).toMatchObject({ size: "32x64" });
});

test("a default that the service cannot do is told as what it is, to a client that never wrote it", async () => {
  const key = await strict.createKey(undefined, undefined, { defaults: { size: "512x512" } });
  const messageOf = async (body: object) => {
    const answer = await strict.post(key, { prompt: "red apple", ...body });
    return [answer.status, (await answer.json<{ error: { message: string } }>()).error.message];
  };
  const told = "It is the default of this API key.";
  expect(await messageOf({})).toEqual([400, expect.stringContaining(told)]);
  expect(await messageOf({ size: "auto" })).toEqual([400, expect.stringContaining(told)]);
  expect(await messageOf({ size: "512x512" })).toEqual([400, expect.not.stringContaining(told)]);
  const form = new FormData();
  form.append("prompt", "red apple");
  form.append("image", new File(["cat"], "cat.png"));
  const edit = await strict.fetch("/v1/images/edits", {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: form,
  });
  expect([edit.status, await edit.text()]).toEqual([400, expect.stringContaining(told)]);

  const jobError = async (body: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await strict.fetch("/v1/jobs/of-defaults", { method: "PUT", headers, body: JSON.stringify(body) });
    return (await answer.json<{ error: { message: string; param: string } }>()).error;
  };
  const own = { prompt: "red apple", size: "64x64" };
  const unsized = await jobError({ requests: [own, { prompt: "red apple" }] });
  expect(unsized).toMatchObject({ param: "requests.1.size", message: expect.stringContaining(told) });
  for (const body of [
    { requests: [{ ...own, size: "512x512" }] },
    { defaults: { size: "512x512" }, requests: [own, { prompt: "red apple" }] },
  ]) {
    expect(await jobError(body)).toMatchObject({ message: expect.not.stringContaining(told) });
  }
});

test("an account's defaults hold for all its keys, a key's own come before them, and null takes them away", async () => {
  const account = "account-of-defaults";
  const plain = await strict.createKey(account);
  const own = await strict.createKey(account, undefined, { defaults: { size: "64x32" } });
  const apple = { prompt: "red apple" };
  expect(await strict.generate(plain, apple)).toMatchObject({ size: "64x64", output_format: "png" });

  const defaults = { reuse: "fresh", size: "32x64", output_format: "webp", response_format: "b64_json" };
  expect(await (await strict.admin("PUT", account, { defaults })).json()).toMatchObject({ defaults });
  await strict.admin("PUT", account, { name: "Renamed" });
  const answer = await strict.generate(plain, apple);
  expect(answer).toMatchObject({ size: "32x64", output_format: "webp" });
  expect(firstPicture(answer)).not.toHaveProperty("url");
  const seeds = [answer, await strict.generate(plain, apple)].map((one) => firstPicture(one).seed);
  expect(new Set(seeds).size).toBe(2);
  expect(await strict.generate(own, apple)).toMatchObject({ size: "64x32", output_format: "webp" });
  expect(await strict.generate(own, { ...apple, size: "64x64" })).toMatchObject({ size: "64x64" });

  expect((await strict.admin("PUT", account, { defaults: { size: "large" } })).status).toBe(400);
  await strict.admin("PUT", account, { defaults: null });
  expect(await (await strict.admin("GET", account)).json()).toMatchObject({ defaults: null });
  expect(await strict.generate(plain, apple)).toMatchObject({ size: "64x64", output_format: "png" });
  expect(await strict.generate(own, apple)).toMatchObject({ size: "64x32", output_format: "png" });
});
