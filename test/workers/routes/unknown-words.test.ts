import { expect, test } from "vitest";
import { firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

async function latentOf(key: string, prompt: string): Promise<string> {
  return firstPicture(await edge.generate(key, { prompt, seed: 1 })).latent_id;
}

test("an emoji gives the latent of its words, and another emoji another latent", async () => {
  const key = await edge.createKey();
  expect(await latentOf(key, "🍎")).toBe(await latentOf(key, "red apple"));
  expect(await latentOf(key, "🐶")).not.toBe(await latentOf(key, "🍎"));
  expect(await latentOf(key, "red apple 🐶")).not.toBe(await latentOf(key, "red apple 🍎"));
});

test("a prompt of which the model knows no word is refused free of charge, and the answer names the words", async () => {
  const account = "account-unknown-words";
  const key = await edge.createKey(account, 1_000);
  const response = await edge.post(key, { prompt: "ꙮꙮꙮ жж" });
  expect(response.status).toBe(400);
  const { error } = await response.json<{ readonly error: { readonly param: string; readonly message: string } }>();
  expect(error).toMatchObject({ code: "invalid_request", param: "prompt" });
  expect(error.message).toContain('"ꙮꙮꙮ", "жж"');
  expect(edge.logLines.join()).not.toContain("ꙮ");
  const balance = await (await edge.get(key, "/v1/balance")).json();
  expect(balance).toMatchObject({ available_micro_usd: 1_000, held_micro_usd: 0 });
});

test("words that the model does not know are warned of by their place, in JSON and in the header of a picture", async () => {
  const key = await edge.createKey();
  const body = { prompt: "red ꙮ apple", negative_prompt: "ж", seed: 1 };
  const warnings = [
    expect.stringContaining("place: 2."),
    expect.stringMatching(/^negative_prompt_unknown_words.*: 1\.$/u),
  ];
  expect((await edge.generate(key, body)).warnings).toEqual(warnings);
  const picture = await edge.post(key, body, { accept: "image/png" });
  expect(picture.headers.get("x-wuerstchen-warning")).toContain("place: 2.");
});
