import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { isPublicAddress } from "./public-address.ts";

/** "public": https to public names only. "any": also this machine, for development. */
export type WebhookTargets = "public" | "any";

/** Where webhooks may go. */
export interface WebhookRules {
  readonly targets: WebhookTargets;
  /** The only allowed names, in lower case; "*.example.com" means all names below it. Empty: every name. */
  readonly hosts: readonly string[];
}

/** Names that lead nowhere public, whatever a resolver says. RFC 6761, 6762, 8375, and what networks use inside. */
const privateSuffixes = [
  "localhost",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "home.arpa",
  "invalid",
  "test",
  "example",
  "onion",
  "alt",
  "localdomain",
];

/** The port of https, and the one that takes its place where it is not to be had. */
const allowedPorts = ["", "8443"];

/** Whether we may send to a client's URL. Fails with `invalid_request` naming what is wrong with it. */
export function checkWebhookUrl(text: string, { targets, hosts }: WebhookRules): Result<URL, Failure> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return refused("must be a URL");
  if (url.username !== "" || url.password !== "") return refused("must not hold a user name or a password");
  if (url.hash !== "") return refused("must not hold a fragment");
  if (!isListed(nameOf(url), hosts)) return refused("must lead to a host that this service allows. Ask its operator");
  if (targets === "any" && /^https?:$/u.test(url.protocol)) return ok(url);
  if (url.protocol !== "https:") return refused("must begin with https://");
  if (!allowedPorts.includes(url.port)) return refused("must use port 443 or 8443");
  return isPublicHost(url) ? ok(url) : refused("must lead to a public host");
}

/** A final dot names the same host. */
function nameOf({ hostname }: URL): string {
  return hostname.toLowerCase().replace(/\.$/u, "");
}

function isListed(name: string, hosts: readonly string[]): boolean {
  if (hosts.length === 0) return true;
  return hosts.some((host) => (host.startsWith("*.") ? name.endsWith(host.slice(1)) : name === host));
}

/** The URL parser has brought every spelling of an address to one form by now. */
function isPublicHost(url: URL): boolean {
  const { hostname } = url;
  const name = nameOf(url);
  const isAddress = /^[\d.]+$/u.test(hostname) || hostname.startsWith("[");
  if (isAddress) return isPublicAddress(hostname.replace(/^\[|\]$/gu, ""));
  return name.includes(".") && !privateSuffixes.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}

function refused(rule: string): Result<never, Failure> {
  return err(invalidRequest("webhook_url", `'webhook_url' ${rule}.`));
}
