-- Payments by x402 that were offered here: each counts once, whatever a facilitator says of it later.
CREATE TABLE x402_payments (
  network TEXT NOT NULL,
  asset TEXT NOT NULL,
  payer TEXT NOT NULL,
  nonce TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('begun', 'settled', 'credit')),
  micro_usd INTEGER NOT NULL,
  receipt TEXT,
  transaction_id TEXT,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (network, asset, payer, nonce)
) WITHOUT ROWID;
