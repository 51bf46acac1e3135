import { createHash } from "node:crypto";
import { CommandError } from "./command-line.ts";

// Registries by the OCI Distribution Specification (github.com/opencontainers/distribution-spec, "Pulling manifests"),
// and their tokens by Docker's (distribution.github.io/distribution/spec/auth/token).

/** A name without a registry means Docker Hub's, as Docker has it. */
const hubHost = "registry-1.docker.io";

/** An index of all platforms first, so that a digest does not bind an image to one. */
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const reference = String.raw`[a-z0-9][a-z0-9._:/-]*:[A-Za-z0-9_][\w.-]*`;

/** Where an image is named: a stage or its argument in a Dockerfile, a build argument in a comment, a dev container. */
const places = new RegExp(
  `((?:^ARG BASE=|^FROM |--build-arg BASE=|"image": "))(${reference})(?:@sha256:[0-9a-f]{64})?`,
  "gmu",
);

/** Fetches by HTTP. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** The images that a file names, each once, as "name:tag". */
export function imagesOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(places)].flatMap(([, , image]) => image ?? []))];
}

/** The text with every image's digest behind its tag. `digests` holds each image of the text. */
export function withDigests(text: string, digests: ReadonlyMap<string, string>): string {
  return text.replace(places, (_, before: string, image: string) => `${before}${image}@${digests.get(image)}`);
}

/**
 * The digest that an image's tag has now: the SHA-256 of the manifest that its registry sent, which must be the one
 * that the registry names. Throws `CommandError` when the registry does not answer so: a digest is never taken from
 * elsewhere.
 */
export async function digestOf(image: string, fetch: Fetch): Promise<string> {
  const { url, tag } = manifestOf(image);
  const answer = await askWithToken(`${url}/${tag}`, fetch).catch(() => undefined);
  if (answer === undefined) throw new CommandError(`The registry of ${image} cannot be reached.`);
  if (!answer.ok) throw new CommandError(`The registry of ${image} answered ${answer.status}.`);
  const manifest = new Uint8Array(await answer.arrayBuffer());
  const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  const named = answer.headers.get("docker-content-digest");
  if (named !== null && named !== digest)
    throw new CommandError(`The manifest of ${image} is not what its digest says.`);
  return digest;
}

function manifestOf(image: string): { readonly url: string; readonly tag: string } {
  const colon = image.lastIndexOf(":");
  const [name, tag] = [image.slice(0, colon), image.slice(colon + 1)];
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const hasHost = /[.:]/u.test(first) || first === "localhost";
  const host = hasHost ? first : hubHost;
  const repository = hasHost ? name.slice(slash + 1) : hubRepository(name);
  // As Docker does, a registry on this machine is asked without TLS.
  const scheme = /^(?:localhost|127\.0\.0\.1)(?::|$)/u.test(host) ? "http" : "https";
  return { url: `${scheme}://${host}/v2/${repository}/manifests`, tag };
}

/** Docker Hub's own images lie in a folder that their names leave out. */
function hubRepository(name: string): string {
  return name.includes("/") ? name : `library/${name}`;
}

/** Asks without a token first: the refusal says where to get one. */
async function askWithToken(url: string, fetch: Fetch): Promise<Response> {
  const headers = { accept: manifestTypes };
  const answer = await fetch(url, { headers });
  const challenge = answer.headers.get("www-authenticate");
  if (answer.status !== 401 || challenge === null) return answer;
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/gu)].map(([, name, value]) => [name, value]),
  );
  const { realm, ...query } = fields;
  const tokens = await fetch(`${realm}?${new URLSearchParams(query)}`);
  // Of a body that holds none, the registry refuses what follows.
  const { token, access_token: accessToken } = (await tokens.json()) as { token?: string; access_token?: string };
  return fetch(url, { headers: { ...headers, authorization: `Bearer ${token ?? accessToken}` } });
}
