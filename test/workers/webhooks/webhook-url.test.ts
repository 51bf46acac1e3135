import { describe, expect, test } from "vitest";
import { checkWebhookUrl } from "../../../workers/webhooks/webhook-url.ts";

const open = { targets: "public", hosts: [] } as const;
const isAllowed = (url: string) => checkWebhookUrl(url, open).ok;

describe("a webhook's address", () => {
  test.each([
    "https://hooks.example.com/wuerstchen?token=1",
    "https://hooks.example.com:8443/",
    "https://93.184.216.34/hook",
    "https://[2606:4700::1111]/hook",
    "https://xn--bcher-kva.de/",
  ])("that is public is allowed: %s", (url) => {
    expect(isAllowed(url)).toBe(true);
  });

  test.each([
    ["not secure", "http://hooks.example.com/"],
    ["another scheme", "file:///etc/passwd"],
    ["no URL", "hooks.example.com"],
    ["credentials", "https://user:password@hooks.example.com/"],
    ["a fragment", "https://hooks.example.com/#a"],
    ["another port", "https://hooks.example.com:22/"],
    ["this machine", "https://localhost/"],
    ["this machine, in capitals and with a dot", "https://LOCALHOST./"],
    ["a name under localhost", "https://a.localhost/"],
    ["a name of one part", "https://intranet/"],
    ["a local name", "https://printer.local/"],
    ["a cloud's own names", "https://metadata.google.internal/"],
    ["a home's names", "https://nas.home.arpa/"],
    ["loopback", "https://127.0.0.1/"],
    ["loopback as a number", "https://2130706433/"],
    ["loopback in hexadecimal", "https://0x7f.1/"],
    ["loopback in octal", "https://0177.0.0.1/"],
    ["this network", "https://0.0.0.0/"],
    ["private 10", "https://10.1.2.3/"],
    ["private 172", "https://172.31.255.255/"],
    ["private 192", "https://192.168.0.1/"],
    ["carrier's NAT", "https://100.64.0.1/"],
    ["link-local, where clouds keep credentials", "https://169.254.169.254/latest/meta-data/"],
    ["multicast", "https://224.0.0.1/"],
    ["broadcast", "https://255.255.255.255/"],
    ["IPv6 loopback", "https://[::1]/"],
    ["IPv6 unspecified", "https://[::]/"],
    ["IPv6 link-local", "https://[fe80::1]/"],
    ["IPv6 unique local", "https://[fd00::1]/"],
    ["IPv4 within IPv6", "https://[::ffff:10.0.0.1]/"],
    ["IPv4 by NAT64", "https://[64:ff9b::a00:1]/"],
    ["IPv4 by 6to4", "https://[2002:a00:1::]/"],
    ["Teredo", "https://[2001:0:1::1]/"],
    ["IPv6 for documents", "https://[2001:db8::1]/"],
  ])("that is %s is refused: %s", (_, url) => {
    const checked = checkWebhookUrl(url, open);
    expect(checked).toMatchObject({ ok: false, error: { code: "invalid_request", param: "webhook_url" } });
  });

  test("may be this machine's where the operator says so, for development", () => {
    expect(checkWebhookUrl("http://127.0.0.1:9000/hook", { targets: "any", hosts: [] }).ok).toBe(true);
    expect(checkWebhookUrl("ftp://127.0.0.1/hook", { targets: "any", hosts: [] }).ok).toBe(false);
  });

  test.each([
    ["https://hooks.example.com/a", true],
    ["https://HOOKS.example.com./a", true],
    ["https://a.customer.example.org/", true],
    ["https://customer.example.org/", false],
    ["https://evilcustomer.example.org/", false],
    ["https://hooks.example.com.evil.net/", false],
    ["https://other.example.com/", false],
    ["https://93.184.216.34/", false],
  ])("is one of those that the operator lists, if there is a list: %s", (url, isListed) => {
    const hosts = ["hooks.example.com", "*.customer.example.org"];
    for (const targets of ["public", "any"] as const)
      expect(checkWebhookUrl(url, { targets, hosts }).ok).toBe(isListed);
  });

  test("that is listed must be public all the same", () => {
    const hosts = ["localhost", "10.0.0.1", "metadata.google.internal"];
    for (const host of hosts) expect(checkWebhookUrl(`https://${host}/`, { targets: "public", hosts }).ok).toBe(false);
  });
});
