import { expect, test } from "vitest";
import { publicUrlOf } from "../../../workers/middleware/public-url.ts";

const asked = "http://10.0.0.7:8787/v1/jobs/a?limit=2";
const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "images.example.com" };

function seenAs(headers: Readonly<Record<string, string>>, trustsForwarded = true, origin?: string): string {
  return publicUrlOf(asked, (name) => headers[name], { origin, trustsForwarded });
}

test("links lead where the request was sent, whatever its headers say, unless a setting trusts them", () => {
  expect(seenAs(forwarded, false)).toBe(asked);
  expect(seenAs(forwarded)).toBe("https://images.example.com/v1/jobs/a?limit=2");
});

test("the operator's own address comes before all headers", () => {
  const origin = "https://pictures.example.org";
  for (const trusts of [true, false]) expect(seenAs(forwarded, trusts, origin)).toBe(`${origin}/v1/jobs/a?limit=2`);
});

test.each([
  [{}, "http://10.0.0.7:8787"],
  [{ "x-forwarded-proto": "https" }, "https://10.0.0.7:8787"],
  [{ "x-forwarded-host": "images.example.com:8443" }, "http://images.example.com:8443"],
  [{ "x-forwarded-host": "[2001:db8::1]:8443" }, "http://[2001:db8::1]:8443"],
  [{ "x-forwarded-proto": "HTTPS", "x-forwarded-host": "mine.test, images.example.com" }, "https://images.example.com"],
])("a trusted proxy's headers are read one by one: %j", (headers, origin) => {
  expect(seenAs(headers)).toBe(`${origin}/v1/jobs/a?limit=2`);
});

test.each([
  "evil.test/path?",
  "a b",
  "user@evil.test",
  "evil.test#",
  "",
  ":80",
  "host:99999",
  "[::1",
  "-\r\nset-cookie: a",
])("a header that names no host counts as missing: %j", (host) => {
  expect(seenAs({ "x-forwarded-host": host, "x-forwarded-proto": "javascript" })).toBe(asked);
});
