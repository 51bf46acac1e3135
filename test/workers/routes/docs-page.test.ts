import { expect, test } from "vitest";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

test("/docs loads one script of one version, which the browser checks, and may talk to this service alone", async () => {
  const response = await edge.fetch("/docs");
  expect(response.headers.get("content-type")).toContain("text/html");
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  const page = await response.text();
  const sources = [...page.matchAll(/<script[^>]* src="([^"]+)" integrity="(sha384-[\w+/=]{64})"/gu)];
  expect(sources.map(([, url]) => url)).toEqual([expect.stringMatching(/@\d+\.\d+\.\d+\//u)]);
  expect(page.match(/<script[^>]* src=/gu)).toHaveLength(1);
  expect(page).toContain('data-url="/openapi.json"');
});
