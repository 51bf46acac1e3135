-- What was refunded of a payment so far, also of one that is not known yet.
CREATE TABLE stripe_refunds (
  payment_id TEXT PRIMARY KEY,
  refunded_micro_usd INTEGER NOT NULL
) WITHOUT ROWID;
