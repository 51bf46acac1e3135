import type { Command } from "commander";
import type { Schemas } from "../../../shared/client/calls.ts";
import { wholeNumber } from "../../command-line.ts";
import { withExamples } from "../help.ts";
import { interruptible } from "../interruptible.ts";
import { type ServiceFlags, useService, withServiceOptions } from "../service.ts";
import { dollars, table } from "../table.ts";
import { addModelOrders } from "./models.ts";

interface ListFlags extends ServiceFlags {
  readonly json?: boolean;
}

/** `wuerstchen models`. */
export function addModels(program: Command): void {
  const command = program
    .command("models")
    .description("List the models of a service, add one to it or take one back")
    .option("--json", "one line of JSON for each model")
    // The options after `add` are those of `add`.
    .enablePositionalOptions();
  addModelOrders(command);
  withServiceOptions(command).action((flags: ListFlags) =>
    interruptible(async (signal) => {
      const models = await useService(flags, async ({ client }) => client.models({ signal }));
      print(flags, models.data, ["id", "size", "steps", "licence"], (model) => [
        model.id,
        model.sides === undefined ? model.sizes.join(" ") : `${model.size_default}, sides ${sidesOf(model.sides)}`,
        `${model.steps.default} (${model.steps.min}–${model.steps.max})`,
        model.licence,
      ]);
    }),
  );
  withExamples(command, {
    "wuerstchen models --url https://…": "sizes, steps and licence of each",
    "wuerstchen models add ./mine": "offers a bundle that a backend holds",
  });
}

const daysDefault = 30;
const daysMax = 3_660;

interface UsageFlags extends ListFlags {
  readonly days?: string;
}

/** `wuerstchen usage`. */
export function addUsage(program: Command): void {
  const command = program
    .command("usage")
    .description("Show the balance, what each day was charged, and what reuse saved")
    .option("--days <n>", "at most this many days that had charges, newest first", String(daysDefault))
    .option("--json", "one line of JSON for each day");
  withServiceOptions(command).action((flags: UsageFlags) =>
    interruptible(async (signal) => {
      const count = wholeNumber("--days", flags.days, { min: 1, max: daysMax }) ?? daysDefault;
      const { days, balance } = await useService(flags, async ({ client }) => ({
        days: await first(count, client.usage({ signal })),
        balance: await client.balance({ signal }),
      }));
      if (flags.json !== true) process.stdout.write(`Available: ${dollars(balance.available_micro_usd)}\n\n`);
      print(flags, days, ["day", "requests", "charged", "saved", "for"], (day) => [
        day.day,
        String(day.requests),
        dollars(day.micro_usd),
        dollars(day.saved.micro_usd),
        day.groups.map(({ kind = "", lines }) => `${lines} ${kind}`).join(", "),
      ]);
    }),
  );
  withExamples(command, {
    "wuerstchen usage": "of the last 30 days that had charges",
    "wuerstchen usage --days 365 --json": "for a script",
  });
}

function sidesOf({ min, max, multiple_of }: NonNullable<Schemas["Model"]["sides"]>): string {
  return `${min}–${max} by ${multiple_of}`;
}

function print<Row>(
  { json }: ListFlags,
  rows: readonly Row[],
  head: readonly string[],
  cells: (row: Row) => readonly string[],
): void {
  if (json !== true) process.stdout.write(table([head, ...rows.map(cells)]));
  else for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
}

async function first<Entry>(count: number, list: AsyncIterable<Entry>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of list) {
    entries.push(entry);
    if (entries.length === count) break;
  }
  return entries;
}
