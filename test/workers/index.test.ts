import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

test("an unknown path is answered 404", async () => {
  const response = await exports.default.fetch("http://edge.test/nowhere");
  expect(response.status).toBe(404);
});
