import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf, imagesOf, withDigests } from "../../scripts/image-digests.ts";

const manifest = JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json" });
const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
const other = `sha256:${"0".repeat(64)}`;

/** A registry on this machine, written from the OCI Distribution Specification; its token from Docker's. */
let registry: Server;
let host: string;
const asked: string[] = [];

beforeAll(async () => {
  registry = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url?.startsWith("/token?")) return void response.end(JSON.stringify({ token: "a-token" }));
    if (request.headers.authorization !== "Bearer a-token") {
      const challenge = `Bearer realm="http://${host}/token",service="registry",scope="repository:team/node:pull"`;
      return void response.writeHead(401, { "www-authenticate": challenge }).end();
    }
    if (request.url?.endsWith("/lost")) return void response.writeHead(404).end();
    const named = request.url?.endsWith("/wrong") ? other : digest;
    response.writeHead(200, { "docker-content-digest": named }).end(manifest);
  }).listen(0, "127.0.0.1");
  await once(registry, "listening");
  host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
});

afterAll(() => {
  registry.close();
});

describe("an image's digest", () => {
  test("is that of the manifest which its registry sends to whoever fetched a token as it says", async () => {
    expect(await digestOf(`${host}/team/node:24`, fetch)).toBe(digest);
    expect(asked).toEqual([
      "/v2/team/node/manifests/24",
      "/token?service=registry&scope=repository%3Ateam%2Fnode%3Apull",
      "/v2/team/node/manifests/24",
    ]);
  });

  test("is never invented: a registry that is silent, knows no such tag or sends another manifest is an error", async () => {
    await expect(digestOf(`${host}/team/node:lost`, fetch)).rejects.toThrow("answered 404");
    await expect(digestOf(`${host}/team/node:wrong`, fetch)).rejects.toThrow("not what its digest says");
    const silent = () => Promise.reject(new TypeError("no network"));
    await expect(digestOf("node:24", silent)).rejects.toThrow("The registry of node:24 cannot be reached");
  });

  test.each([
    ["node:24", "https://registry-1.docker.io/v2/library/node/manifests/24"],
    ["nvidia/cuda:12.8.1", "https://registry-1.docker.io/v2/nvidia/cuda/manifests/12.8.1"],
    ["mcr.microsoft.com/dev/node:24", "https://mcr.microsoft.com/v2/dev/node/manifests/24"],
  ])("of %s is asked of the registry that Docker would ask", async (image, url) => {
    const urls: string[] = [];
    await digestOf(image, async (at) => {
      urls.push(at);
      return new Response(manifest);
    });
    expect(urls).toEqual([url]);
  });
});

describe("a file", () => {
  const root = join(import.meta.dirname, "../..");

  test("of ours names these images, and gets a digest behind each, in place of one that it had", () => {
    for (const [file, names] of [
      ["Dockerfile", ["nvidia/cuda:", "node:", "node:"]],
      [".devcontainer/devcontainer.json", ["mcr.microsoft.com/devcontainers/typescript-node:"]],
    ] as const) {
      const text = readFileSync(join(root, file), "utf8");
      const images = imagesOf(text);
      expect(images.length).toBeGreaterThan(0);
      for (const name of names)
        expect(
          images.some((image) => image.startsWith(name)),
          name,
        ).toBe(true);
      const pinned = withDigests(text, new Map(images.map((image) => [image, other])));
      expect(pinned.split(other).length - 1).toBe(names.length);
      expect(imagesOf(pinned)).toEqual(images);
      const again = withDigests(pinned, new Map(images.map((image) => [image, digest])));
      expect(again.split(digest).length - 1).toBe(names.length);
      expect(again).not.toContain(other);
    }
  });

  test("keeps stages and build arguments as they are", () => {
    const text = "FROM ${BASE}\nFROM node:24 AS a\nCOPY --from=a /x /x\n";
    expect(withDigests(text, new Map([["node:24", digest]]))).toBe(
      `FROM \${BASE}\nFROM node:24@${digest} AS a\nCOPY --from=a /x /x\n`,
    );
  });
});
