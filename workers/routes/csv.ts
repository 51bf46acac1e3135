import type { Context } from "hono";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { AppEnv } from "../middleware/app-env.ts";

/** One cell: null is an empty one. */
export type CsvCell = string | number | null;

/** A table to download. */
export interface CsvFile {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CsvCell[])[];
  /** The query's `cursor` of the next page; null: this is the last one. */
  readonly nextCursor: string | null;
}

/** Whether `?format=` or `Accept` asks for CSV in place of JSON. Fails with `invalid_request` on another format. */
export function wantsCsv(c: Context<AppEnv>): Result<boolean, Failure> {
  const format = c.req.query("format");
  if (format === undefined) return ok(/^text\/csv\b/iu.test(c.req.header("accept") ?? ""));
  if (format === "csv" || format === "json") return ok(format === "csv");
  return err(invalidRequest("format", "'format' must be csv or json."));
}

/** The table as RFC 4180 has it. Its next page is a `link` header, as RFC 8288 has it. */
export function csvResponse(c: Context<AppEnv>, { name, columns, rows, nextCursor }: CsvFile): Response {
  const headers: Record<string, string> = {
    "content-type": "text/csv; charset=utf-8; header=present",
    "content-disposition": `attachment; filename="${name}.csv"`,
    "cache-control": "no-store",
    vary: "accept",
  };
  if (nextCursor !== null) headers["link"] = `<${nextUrl(c.get("publicUrl"), nextCursor)}>; rel="next"`;
  return c.body(formatCsv([columns, ...rows]), 200, headers);
}

/** Rows as RFC 4180 has them. A text that a spreadsheet would run as a formula is made a text by an apostrophe. */
export function formatCsv(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(formatCell).join(",")}\r\n`).join("");
}

function formatCell(cell: CsvCell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = /^[=+\-@\t\r]/u.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function nextUrl(url: string, cursor: string): string {
  const next = new URL(url);
  next.searchParams.set("cursor", cursor);
  return next.href;
}
