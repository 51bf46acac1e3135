import { InferenceClient, InferenceClientProviderApiError, type TextToImageArgs } from "@huggingface/inference";
import sharp from "sharp";
import { expect, test } from "vitest";
import { useTinyStack } from "../support/tiny-stack.ts";

// Hugging Face's client as it is installed, against workerd and the backend over HTTP.

const stack = useTinyStack();

function textToImage(
  parameters: NonNullable<TextToImageArgs["parameters"]>,
  { accessToken = stack().apiKey, model = "tiny", inputs = "red apple" } = {},
) {
  const endpointUrl = `${stack().url}/hf/models/${model}`;
  const client = new InferenceClient(accessToken, { endpointUrl });
  return client.textToImage({ inputs, parameters }, { outputType: "blob" });
}

test("textToImage with an endpoint URL gives the picture's bytes", async () => {
  const blob = await textToImage({ seed: 3, num_inference_steps: 2, guidance_scale: 2, width: 64, height: 64 });
  expect(blob.type).toBe("image/png");
  const { format, width, height } = await sharp(await blob.arrayBuffer()).metadata();
  expect({ format, width, height }).toEqual({ format: "png", width: 64, height: 64 });
});

test("the same seed gives the same bytes as OpenAI's route", async () => {
  const blob = await textToImage({ seed: 4, negative_prompt: "blue" });
  const answer = await fetch(`${stack().url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${stack().apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "tiny", prompt: "red apple", negative_prompt: "blue", seed: 4 }),
  });
  const { data } = (await answer.json()) as { data: { b64_json: string }[] };
  expect(Buffer.from(await blob.arrayBuffer()).toString("base64")).toBe(data[0]?.b64_json);
});

test("errors come with our own sentence and status", async () => {
  const asked = [
    textToImage({ num_inference_steps: -1 }),
    textToImage({}, { accessToken: "hf_wrong" }),
    textToImage({}, { model: "stable-diffusion" }),
  ];
  const ends = await Promise.all(asked.map((asking) => asking.catch((error: unknown) => error)));
  const seen = ends.map((error) =>
    error instanceof InferenceClientProviderApiError ? [error.httpResponse.status, error.message] : error,
  );
  expect(seen).toEqual([
    [400, expect.stringContaining("'parameters.num_inference_steps' must be at least 1")],
    [401, expect.stringContaining("This API key is not valid")],
    [404, expect.stringContaining("'stable-diffusion' does not exist")],
  ]);
});
