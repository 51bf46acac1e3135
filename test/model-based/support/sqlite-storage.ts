import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

/** Changes the text of a statement before it runs, to plant a fault inside the code that runs it. */
export type Rewrite = (query: string) => string;

const asWritten: Rewrite = (query) => query;

/**
 * A Durable Object's SQLite storage on Node's own SQLite: `exec` and `transactionSync` as the platform has them, as far
 * as the cores use them. Stories run one after another on one database, each in a transaction that is undone at its
 * end.
 */
export class SqliteStorage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  readonly sql = { exec: (query: string, ...bindings: SQLInputValue[]) => this.#exec(query, bindings) };
  rewrite = asWritten;

  transactionSync<Value>(work: () => Value): Value {
    this.#database.exec("SAVEPOINT step");
    try {
      const value = work();
      this.#database.exec("RELEASE step");
      return value;
    } catch (error) {
      this.#database.exec("ROLLBACK TO step; RELEASE step");
      throw error;
    }
  }

  /** From here on, everything is undone by `undo`. */
  begin(): void {
    this.#database.exec("BEGIN");
  }

  undo(): void {
    this.#database.exec("ROLLBACK");
  }

  #exec(written: string, bindings: readonly SQLInputValue[]) {
    const query = this.rewrite(written);
    if (bindings.length === 0 && query.includes(";")) {
      this.#database.exec(query);
      return cursor([]);
    }
    const statement = this.#statements.get(query) ?? this.#database.prepare(query.replaceAll(/\?(\d)/gu, ":p$1"));
    this.#statements.set(query, statement);
    // Node binds numbered parameters by name alone.
    if (!/\?\d/u.test(query)) return cursor(statement.all(...bindings));
    return cursor(statement.all(Object.fromEntries(bindings.map((value, index) => [`p${index + 1}`, value]))));
  }
}

type Row = Record<string, unknown>;

function cursor(rows: readonly Row[]) {
  return {
    toArray: () => rows,
    one() {
      const [row] = rows;
      if (row === undefined || rows.length > 1) throw new TypeError("Not exactly one row.");
      return row;
    },
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}

/** Writes `to` for `from` in every statement that holds it. */
export function rewriteSql(from: string, to: string): Rewrite {
  return (query) => query.replaceAll(from, to);
}
