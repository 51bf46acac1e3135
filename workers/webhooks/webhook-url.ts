import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { isPublicAddress } from "./public-address.ts";

/** "public": https to public names only. "any": also this machine, for development. */
export type WebhookTargets = "public" | "any";

/** Names that lead nowhere public, whatever a resolver says. RFC 6761, 6762, 8375, and what networks use inside. */
const privateSuffixes = [
  ...["localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa", "invalid", "test"],
  ...["example", "onion", "alt", "localdomain"],
];

/** The port of https, and the one that takes its place where it is not to be had. */
const allowedPorts = ["", "8443"];

/** Whether we may send to a client's URL. Fails with `invalid_request` naming what is wrong with it. */
export function checkWebhookUrl(text: string, targets: WebhookTargets): Result<URL, Failure> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return refused("must be a URL");
  if (url.username !== "" || url.password !== "") return refused("must not hold a user name or a password");
  if (url.hash !== "") return refused("must not hold a fragment");
  if (targets === "any" && /^https?:$/u.test(url.protocol)) return ok(url);
  if (url.protocol !== "https:") return refused("must begin with https://");
  if (!allowedPorts.includes(url.port)) return refused("must use port 443 or 8443");
  return isPublicHost(url.hostname) ? ok(url) : refused("must lead to a public host");
}

/** The URL parser has brought every spelling of an address to one form by now. */
function isPublicHost(hostname: string): boolean {
  const isAddress = /^[\d.]+$/u.test(hostname) || hostname.startsWith("[");
  if (isAddress) return isPublicAddress(hostname.replace(/^\[|\]$/gu, ""));
  const name = hostname.toLowerCase().replace(/\.$/u, "");
  return name.includes(".") && !privateSuffixes.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}

function refused(rule: string): Result<never, Failure> {
  return err(invalidRequest("webhook_url", `'webhook_url' ${rule}.`));
}
