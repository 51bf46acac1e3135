import { expect, test } from "vitest";
import { gpuBackendsSchema } from "../../../workers/gpu/gpu-backends.ts";

const parse = (value: unknown) => gpuBackendsSchema.safeParse(JSON.stringify(value));

test("a list of addresses is read, and its slashes are trimmed", () => {
  const listed = [{ url: "https://a.test/" }, { url: "http://b.test", region: "weur", standby: true }];
  expect(parse(listed).data).toEqual([
    { url: "https://a.test", standby: false, headers: {} },
    { url: "http://b.test", region: "weur", standby: true, headers: {} },
  ]);
});

test("headers for a proxy are kept as they are", () => {
  const headers = { "Modal-Key": "wk-1", "Modal-Secret": "ws-2" };
  expect(parse([{ url: "https://a.test", headers }]).data?.[0]?.headers).toEqual(headers);
});

test.each<[string, unknown]>([
  ["no list", { url: "https://a.test" }],
  ["an empty one", []],
  ["seventeen", new Array(17).fill({ url: "https://a.test" })],
  ["another protocol", [{ url: "ftp://a.test" }]],
  ["an unknown region", [{ url: "https://a.test", region: "moon" }]],
  ["a field that is misspelt", [{ url: "https://a.test", stand_by: true }]],
  ["a header of our own", [{ url: "https://a.test", headers: { "X-Wuerstchen-Nonce": "x" } }]],
  ["a header that breaks a line", [{ url: "https://a.test", headers: { "Modal-Key": "a\nb" } }]],
])("%s is refused", (_, listed) => {
  expect(parse(listed).success).toBe(false);
});

test("what is not JSON is refused, and no refusal quotes a value", () => {
  const texts = ["{", JSON.stringify([{ url: "https://a.test", headers: { "Modal-Secret": "ws-secret\n" } }])];
  for (const text of texts) {
    const { error } = gpuBackendsSchema.safeParse(text);
    expect(error).toBeDefined();
    expect(error?.message).not.toContain("ws-secret");
  }
});
