import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { parseEnv } from "../../workers/env.ts";
import { TestEdge } from "./support/test-edge.ts";

test("the environment of wrangler.toml and four secrets is complete", () => {
  expect(parseEnv(env).GPU_BACKEND_URL).toBe("http://127.0.0.1:8788");
});

test("whatever is missing or too short is named, all at once, and no value is told", () => {
  const broken = { ...env, LATENT_KEY_SECRET: undefined, IMAGE_URL_SECRET: "short-secret", LATENTS: undefined };
  const message = messageOf(() => parseEnv(broken));
  for (const name of ["LATENT_KEY_SECRET is missing", "IMAGE_URL_SECRET must be at least 32", "LATENTS is not bound"]) {
    expect(message).toContain(name);
  }
  expect(message).not.toContain("short-secret");
});

test("a slash at the end of the backend's address changes nothing", () => {
  expect(parseEnv({ ...env, GPU_BACKEND_URL: "https://gpu.example/" }).GPU_BACKEND_URL).toBe("https://gpu.example");
});

test("hosts of webhooks are read from a list, and their proxy needs its secret", () => {
  expect(parseEnv({ ...env, WEBHOOK_HOSTS: "a.example.com, *.b.example.org" }).WEBHOOK_HOSTS).toEqual([
    "a.example.com",
    "*.b.example.org",
  ]);
  expect(messageOf(() => parseEnv({ ...env, WEBHOOK_HOSTS: "https://a.example.com/" }))).toContain("WEBHOOK_HOSTS");
  const proxied = parseEnv({ ...env, WEBHOOK_PROXY_URL: "https://egress.example.net/" });
  expect(messageOf(() => new TestEdge(proxied))).toContain("WEBHOOK_PROXY_SECRET");
});

test("aliases of models are read from a list, and what is none is named", () => {
  const parsed = parseEnv({ ...env, MODEL_ALIASES: "dall-e-3=tiny, gpt-image-1=tiny" });
  expect([...parsed.MODEL_ALIASES]).toEqual([
    ["dall-e-3", "tiny"],
    ["gpt-image-1", "tiny"],
  ]);
  expect(messageOf(() => parseEnv({ ...env, MODEL_ALIASES: "dall-e-3:tiny" }))).toContain("MODEL_ALIASES");
  expect(messageOf(() => parseEnv({ ...env, UNSUPPORTED_SIZES: "any" }))).toContain("must be refused or nearest");
});

test("the public address is an origin alone, and forwarded headers are ignored unless they are trusted", () => {
  expect(parseEnv({ ...env, PUBLIC_URL: "https://Images.example.com/" }).PUBLIC_URL).toBe("https://images.example.com");
  for (const wrong of [
    "images.example.com",
    "ftp://a.test",
    "https://a.test/v1",
    "https://a.test/?a",
    "https://u@a.test",
  ]) {
    expect(messageOf(() => parseEnv({ ...env, PUBLIC_URL: wrong }))).toContain("PUBLIC_URL must be");
  }
  expect(parseEnv(env)).toMatchObject({ FORWARDED_HEADERS: "ignored" });
  expect(messageOf(() => parseEnv({ ...env, FORWARDED_HEADERS: "yes" }))).toContain("must be ignored or trusted");
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return "";
}
