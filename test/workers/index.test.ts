import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

test("the deployed entry point answers with the service's own routes", async () => {
  const response = await exports.default.fetch("http://edge.test/v1/models");
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ object: "list", data: [{ id: "tiny" }] });
});

test("an unknown path is answered 404", async () => {
  const response = await exports.default.fetch("http://edge.test/nowhere");
  expect(response.status).toBe(404);
});
