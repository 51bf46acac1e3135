import { expect, test } from "vitest";
import { digestOf } from "../../../workers/models/model-store.ts";
import { TestEdge } from "../support/test-edge.ts";
import { manifest, tinyBundle } from "../support/tiny-bundle.ts";

// Names that the operator gives to models, for programs that let a person choose from a list or know other names only.

const edge = new TestEdge({
  MODEL_ALIASES: new Map([
    ["dall-e-3", "tiny"],
    ["gpt-image-1", "tinny"],
    ["tiny", "other"],
    ["before", "mine@one"],
  ]),
});

interface Listed {
  readonly data: readonly { readonly id: string; readonly alias_of?: string; readonly sizes: readonly string[] }[];
}

const listed = async (key?: string) => {
  const answer = key === undefined ? await edge.fetch("/v1/models") : await edge.get(key, "/v1/models");
  return (await answer.json<Listed>()).data;
};

test("an alias is listed behind the models, with the facts of the one that it stands for", async () => {
  const [model, ...others] = await listed();
  expect(others).toEqual([{ ...model, id: "dall-e-3", alias_of: "tiny" }]);
});

test("the API's document offers it as a model", async () => {
  const document = await (await edge.fetch("/openapi.json")).text();
  expect(document).toContain('"dall-e-3"');
  expect(document).not.toContain('"gpt-image-1"');
});

test("a key that is limited to other models neither sees nor names it", async () => {
  const limited = await edge.createKey(undefined, 0, { models: ["mine"] });
  expect(await listed(limited)).toEqual([]);
  const answer = await edge.post(limited, { prompt: "apple", model: "dall-e-3" });
  expect(answer.status).toBe(403);
});

test("one that leads to no model is not listed, and a request learns where it leads", async () => {
  const answer = await edge.post(await edge.createKey(), { prompt: "apple", model: "gpt-image-1" });
  const { error } = await answer.json<{ error: { message: string } }>();
  expect([answer.status, error.message]).toEqual([
    404,
    expect.stringContaining("'gpt-image-1' is an alias of 'tinny'"),
  ]);
});

test("one of a revision is listed as long as requests may name it", async () => {
  const tokenizer = JSON.stringify(tinyBundle.tokenizer);
  const file = { sha256: await digestOf(tokenizer), bytes: tokenizer.length };
  const files = { ...manifest.files, [manifest.text.tokenizer]: file };
  const added = { manifest: { ...Object(tinyBundle.model), id: "mine", revision: "one", files }, tokenizer };
  const order = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${edge.env.ADMIN_SECRET}`, "content-type": "application/json" };
    const answer = await edge.fetch(`/v1/admin/models${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(answer.status).toBe(200);
  };
  const names = async () => (await listed()).map(({ id }) => id);

  await order("PUT", "", added);
  expect(await names()).toEqual(["tiny", "mine", "dall-e-3", "before"]);
  await order("DELETE", "/mine@one");
  expect(await names()).toEqual(["tiny", "dall-e-3"]);
});
