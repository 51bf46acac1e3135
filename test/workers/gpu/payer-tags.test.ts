import { expect, test } from "vitest";
import { parseStageCTerms } from "../../../shared/wire/stage-c.ts";
import { payerTags } from "../../../workers/gpu/payer-tags.ts";

const secret = "s".repeat(32);
const payer = { account: "alice@example.com", reservationId: "reservation-1" };

test("a tag is the same for one account, differs between accounts, requests and secrets, and shows nothing of either", async () => {
  const { tenant, request } = await payerTags(secret, payer);
  expect(await payerTags(secret, { ...payer, reservationId: "reservation-2" })).toMatchObject({ tenant });
  const others = [
    await payerTags(secret, { ...payer, account: "bob@example.com" }),
    await payerTags("t".repeat(32), payer),
    await payerTags(secret, { account: payer.reservationId, reservationId: payer.account }),
  ];
  const tags = [tenant, request, ...others.slice(1).flatMap((other) => [other.tenant, other.request])];
  expect(new Set([...tags, others[0]?.tenant]).size).toBe(7);
  expect(tenant).toMatch(/^[0-9a-f]{32}$/u);
  expect(parseStageCTerms({ tenant: tenant ?? "", request: request ?? "" })).toMatchObject({ ok: true });
});
