/** What names a payment on a chain (EIP-3009): an authorization's nonce counts once for its payer and token. */
export interface PaymentName {
  readonly network: string;
  /** The token's address, lower case. */
  readonly asset: string;
  /** The payer's address, lower case. */
  readonly payer: string;
  /** 32 bytes as hexadecimal digits, lower case. */
  readonly nonce: string;
}

/**
 * How far a payment got here. `begun`: the facilitator was asked to settle, and its answer is not known. `settled`: it
 * is on the chain. `credit`: its payer had credit, so nothing was put on the chain.
 */
export interface OfferedBefore {
  readonly state: "begun" | "settled" | "credit";
  readonly microUsd: number;
  readonly settlement: { readonly transaction: string; readonly receipt: string } | undefined;
  /** When it was first offered, Unix milliseconds. */
  readonly atMs: number;
}

/** The payments that were offered here. */
export interface X402Index {
  find(name: PaymentName): Promise<OfferedBefore | undefined>;
  /** Claims a payment before anything is done for it. False, and nothing changes, when it was claimed before. */
  claim(name: PaymentName, offer: { readonly state: "begun" | "credit"; readonly microUsd: number }): Promise<boolean>;
  /** Notes that a payment is on the chain. */
  settle(name: PaymentName, settlement: NonNullable<OfferedBefore["settlement"]>): Promise<void>;
}

interface Row {
  readonly state: OfferedBefore["state"];
  readonly micro_usd: number;
  readonly receipt: string | null;
  readonly transaction_id: string | null;
  readonly at_ms: number;
}

const named = "network = ? AND asset = ? AND payer = ? AND nonce = ?";

/** The index in D1; see migrations/. */
export function createX402Index(database: Pick<D1Database, "prepare">, nowMs: () => number): X402Index {
  const bind = (query: string, { network, asset, payer, nonce }: PaymentName, ...before: (string | number)[]) =>
    database.prepare(query).bind(...before, network, asset, payer, nonce);
  return {
    async find(name) {
      const row = await bind(`SELECT * FROM x402_payments WHERE ${named}`, name).first<Row>();
      if (row === null) return undefined;
      const { state, micro_usd: microUsd, receipt, transaction_id: transaction, at_ms: atMs } = row;
      const settlement = receipt === null || transaction === null ? undefined : { transaction, receipt };
      return { state, microUsd, settlement, atMs };
    },

    async claim(name, { state, microUsd }) {
      const insert = `INSERT OR IGNORE INTO x402_payments (state, micro_usd, at_ms, network, asset, payer, nonce)
        VALUES (?, ?, ?, ?, ?, ?, ?)`;
      const { meta } = await bind(insert, name, state, microUsd, nowMs()).run();
      return meta.changes === 1;
    },

    async settle(name, { transaction, receipt }) {
      const update = `UPDATE x402_payments SET state = 'settled', transaction_id = ?, receipt = ? WHERE ${named}`;
      await bind(update, name, transaction, receipt).run();
    },
  };
}
