import { describe, expect, test } from "vitest";
import { type CreateImageRequest, parseCreateImageRequest } from "../../../shared/api/create-image-request.ts";
import type { Failure } from "../../../shared/errors.ts";
import { failureToHttp } from "../../../shared/failure-to-http.ts";

function accepted(json: unknown): CreateImageRequest {
  const result = parseCreateImageRequest(json);
  if (!result.ok) expect.fail(JSON.stringify(result.error));
  return result.value;
}

function refused(json: unknown): Extract<Failure, { code: "invalid_request" }> {
  const result = parseCreateImageRequest(json);
  if (result.ok || result.error.code !== "invalid_request") expect.fail("The request was not refused as invalid.");
  return result.error;
}

describe("what clients send", () => {
  test("a prompt alone is a request for one png as base64 that prefers reuse", () => {
    expect(accepted({ prompt: "a cat" })).toEqual({
      prompt: "a cat",
      negativePrompt: "",
      model: undefined,
      n: 1,
      size: undefined,
      responseFormat: "both",
      file: { format: "png", quality: undefined, background: "auto" },
      seed: undefined,
      steps: undefined,
      guidanceScale: undefined,
      reuse: "prefer",
      cacheScope: "account",
      warnings: [],
    });
  });

  test("our own fields reach the request", () => {
    const own = { seed: 4_294_967_295, steps: 12, guidance_scale: 3.5, negative_prompt: "dog", reuse: "fresh" };
    expect(accepted({ prompt: "a cat", ...own })).toMatchObject({
      seed: 4_294_967_295,
      steps: 12,
      guidanceScale: 3.5,
      negativePrompt: "dog",
      reuse: "fresh",
    });
  });

  test("width and height are another spelling of size", () => {
    expect(accepted({ prompt: "a cat", width: 96, height: 128, size: "auto" }).size).toBe("96x128");
    expect(refused({ prompt: "a cat", width: 96 }).param).toBe("height");
    expect(refused({ prompt: "a cat", height: 96 }).param).toBe("width");
    expect(refused({ prompt: "a cat", width: 96, height: 96, size: "96x96" }).param).toBe("size");
  });

  test("the seed -1 asks for a new random one, whatever is stored", () => {
    expect(accepted({ prompt: "a cat", seed: -1 })).toMatchObject({ seed: undefined, reuse: "fresh" });
  });

  test("num_images and num_inference_steps are other names of n and steps", () => {
    const request = accepted({ prompt: "a cat", num_images: 3, num_inference_steps: 8 });
    expect(request).toMatchObject({ n: 3, steps: 8 });
  });

  test("extra_body is read as part of the body, which goes first", () => {
    const request = accepted({ prompt: "a cat", seed: 1, extra_body: { seed: 2, steps: 3, guidance_scale: null } });
    expect(request).toMatchObject({ seed: 1, steps: 3, guidanceScale: undefined });
    expect(refused({ prompt: "a cat", extra_body: { sede: 1 } }).param).toBe("sede");
  });

  test("null means absent, as in OpenAI's API", () => {
    expect(accepted({ prompt: "a cat", n: null, size: null, seed: null })).toEqual(accepted({ prompt: "a cat" }));
  });

  test("every field that OpenAI documents is accepted", () => {
    const request = accepted({
      prompt: "a cat",
      model: "emoji-128",
      n: 2,
      size: "128x128",
      quality: "auto",
      style: "vivid",
      background: "transparent",
      moderation: "low",
      response_format: "url",
      output_format: "webp",
      output_compression: 60,
      partial_images: 0,
      stream: false,
      user: "u1",
      safety_identifier: "s1",
    });
    expect(request).toMatchObject({
      n: 2,
      responseFormat: "url",
      file: { format: "webp", quality: 60, background: "transparent" },
    });
    expect(request.warnings).toEqual([
      "'style' has no effect on this model and was ignored.",
      "'moderation' has no effect on this model and was ignored.",
    ]);
  });

  test("a stream asks for partial images, and for none where it names no number", () => {
    expect(accepted({ prompt: "a cat", stream: true, partial_images: 2 }).stream).toEqual({ partialImages: 2 });
    expect(accepted({ prompt: "a cat", stream: true }).stream).toEqual({ partialImages: 0 });
    expect(accepted({ prompt: "a cat", partial_images: 2 }).stream).toBeUndefined();
  });

  test("the size auto is the model's default", () => {
    expect(accepted({ prompt: "a cat", size: "auto" }).size).toBeUndefined();
  });

  test("full compression is accepted with png, where it means nothing", () => {
    expect(accepted({ prompt: "a cat", output_compression: 100 }).file.quality).toBeUndefined();
  });
});

describe("what is refused, naming the field, its limit and the fix", () => {
  test.each<[object, string, RegExp]>([
    [{ prompt: undefined }, "prompt", /'prompt' is required/u],
    [{ prompt: 1 }, "prompt", /must be a string/u],
    [{ prompt: " \n" }, "prompt", /more than whitespace/u],
    [{ prompt: "x".repeat(32_001) }, "prompt", /at most 32000 characters/u],
    [{ n: 0 }, "n", /at least 1/u],
    [{ n: 11 }, "n", /at most 10/u],
    [{ n: 1.5 }, "n", /a whole number/u],
    [{ n: "2" }, "n", /must be a number/u],
    [{ size: "large" }, "size", /WIDTHxHEIGHT/u],
    [{ seed: -2 }, "seed", /at least -1/u],
    [{ seed: 2 ** 32 }, "seed", /at most 4294967295/u],
    [{ steps: 0 }, "steps", /at least 1/u],
    [{ guidance_scale: 101 }, "guidance_scale", /at most 100/u],
    [{ reuse: "maybe" }, "reuse", /Accepted: prefer, fresh, similar\./u],
    [{ response_format: "bytes" }, "response_format", /Accepted: url, b64_json\./u],
    [{ output_format: "avif" }, "output_format", /Accepted: png, jpeg, webp\./u],
    [{ output_compression: 80 }, "output_compression", /jpeg or webp/u],
    [{ output_format: "webp", output_compression: 101 }, "output_compression", /at most 100/u],
    [{ stream: 1 }, "stream", /must be a boolean/u],
    [{ stream: true, response_format: "url" }, "response_format", /must be b64_json/u],
    [{ stream: true, partial_images: 4 }, "partial_images", /at most 3/u],
    [{ quality: "best" }, "quality", /Accepted: auto, /u],
    [{ output_format: "svg" }, "output_format", /Accepted: png, jpeg, webp\./u],
    [{ frame_count: 4 }, "frame_count", /still pictures/u],
    [{ svg: { model: "x" } }, "svg", /pixels/u],
    [{ n: 2, num_images: 2 }, "num_images", /another name of 'n'/u],
    [{ steps: 2, num_inference_steps: 2 }, "num_inference_steps", /another name of 'steps'/u],
    [{ num_images: 11 }, "num_images", /at most 10/u],
    [{ num_steps: 3 }, "num_steps", /Unknown field 'num_steps'/u],
  ])("%o", (fields, param, message) => {
    const failure = refused({ prompt: "a cat", ...fields });
    expect(failure.param).toBe(param);
    expect(failureToHttp(failure).body.error.message).toMatch(message);
  });

  test.each([[undefined], [null], ["a cat"], [["a cat"]], [7]])("a body of %o", (body) => {
    expect(refused(body)).toMatchObject({ param: null, message: "The request body must be an object." });
  });

  test("no message repeats the prompt", () => {
    for (const prompt of ["secret".repeat(6000), ["secret"]]) {
      expect(failureToHttp(refused({ prompt })).body.error.message).not.toContain("secret");
    }
  });

  test("a field's name from outside is cut short", () => {
    expect(refused({ prompt: "a cat", ["x".repeat(5000)]: 1 }).message.length).toBeLessThan(150);
  });
});
