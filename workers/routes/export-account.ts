import type { Handler } from "hono";
import type { Accounts } from "../account/client.ts";
import type { LedgerEntry } from "../account/money/entry-list.ts";
import type { Jobs } from "../jobs/client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { ModelRegistry } from "../models/registry.ts";
import type { Checkout } from "../payments/stripe-checkout.ts";
import type { ChargeLines, ChargePlace, ChargeRow } from "../usage/charge-lines.ts";
import { accountItem, isoTime, notStored } from "./admin-accounts.ts";
import { keyItem } from "./admin-keys.ts";
import { balanceResponse } from "./balance.ts";
import { listedJob } from "./jobs.ts";
import { listedLatent } from "./list-latents.ts";
import { lacksScope } from "./whole-account.ts";

/** What the route needs. */
export interface ExportServices {
  readonly accounts: Accounts;
  readonly jobs: Jobs;
  readonly charges: ChargeLines;
  readonly checkout: Checkout | undefined;
  readonly models: ModelRegistry;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
}

/** Objects that are read and written at once: the export takes as little memory for a million as for ten. */
const pageLength = 1_000;

type Page = readonly object[];

/**
 * `GET /v1/account/export`: all that the service stores of the account, one JSON object a line. The last line counts
 * the others, so that whoever lacks it knows that the stream was cut.
 */
export function exportAccount(services: ExportServices): Handler<AppEnv> {
  return (c) => {
    const lacking = lacksScope(c);
    if (lacking !== undefined) return failureResponse(c, lacking);
    const headers = {
      ...notStored,
      "content-type": "application/x-ndjson; charset=utf-8",
      "content-disposition": 'attachment; filename="account.ndjson"',
    };
    return c.body(linesOf(pagesOf(services, c.get("account"))), 200, headers);
  };
}

/** One page a pull, so nothing piles up here for a client that reads slowly. */
function linesOf(pages: AsyncGenerator<Page, undefined>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const textOf = (page: Page) => encoder.encode(page.map((item) => `${JSON.stringify(item)}\n`).join(""));
  let lines = 0;
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pages.next();
      if (value !== undefined) {
        lines += value.length;
        controller.enqueue(textOf(value));
      }
      if (done !== true) return;
      controller.enqueue(textOf([{ object: "export.end", lines }]));
      controller.close();
    },
  });
}

async function* pagesOf(services: ExportServices, account: string): AsyncGenerator<Page, undefined> {
  const { accounts, jobs, models, nowMs } = services;
  const books = accounts.of(account);
  const [record, balances, keys] = await Promise.all([books.account(), books.balances(), books.keys()]);
  const head = { object: "export", account, at: isoTime(nowMs()) };
  const settings = record === undefined ? [] : [accountItem(record)];
  yield [head, ...settings, balanceResponse(balances, services.checkout), ...keys.map(keyItem)];
  yield* following(
    (after, limit) => books.entries(after, limit),
    0,
    ({ id }) => id,
    entryLine,
  );
  const manifests = await models.revisions();
  const latentLine = (latent: Parameters<typeof listedLatent>[0]) => listedLatent(latent, manifests, nowMs());
  const newest = Number.MAX_SAFE_INTEGER;
  const placeOf = ({ place }: { readonly place: number }) => place;
  yield* following((before, limit) => books.latentList(before, limit), newest, placeOf, latentLine);
  const list = jobs.listOf(account);
  yield* following((before, limit) => list.list(before, limit), newest, placeOf, listedJob);
  const charges = (after: ChargePlace | undefined, limit: number) => services.charges.read(account, after, limit);
  yield* following(charges, undefined, (row) => row, chargeLine);
  return undefined;
}

/** All pages of a list, each from where the one before ended. */
async function* following<Item, Place>(
  read: (from: Place, limit: number) => Promise<readonly Item[]>,
  first: Place,
  placeOf: (item: Item) => Place,
  lineOf: (item: Item) => object,
): AsyncGenerator<Page, void> {
  for (let items = await read(first, pageLength); items.length > 0; ) {
    yield items.map(lineOf);
    const last = items.at(-1);
    items = items.length < pageLength || last === undefined ? [] : await read(placeOf(last), pageLength);
  }
}

function entryLine({ id, transactionId, bucket, microUsd, atMs }: LedgerEntry) {
  return { object: "entry", id, transaction: transactionId, bucket, micro_usd: microUsd, at: isoTime(atMs) };
}

function chargeLine({ event_id, latent_id, key_id, at_ms, ...charge }: ChargeRow) {
  const latent = latent_id === "" ? null : latent_id;
  return { object: "charge", event: event_id, ...charge, latent_id: latent, key: key_id, at: isoTime(at_ms) };
}
