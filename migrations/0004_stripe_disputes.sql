-- Whose credit a payment of Stripe's became: a dispute names the payment alone.
CREATE TABLE stripe_payments (
  payment_id TEXT PRIMARY KEY,
  account TEXT NOT NULL
) WITHOUT ROWID;
-- What disputes took and gave back so far, also of payments that are not known yet.
CREATE TABLE stripe_disputes (
  dispute_id TEXT PRIMARY KEY,
  payment_id TEXT NOT NULL,
  withdrawn_micro_usd INTEGER NOT NULL,
  returned_micro_usd INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stripe_disputes_by_payment ON stripe_disputes (payment_id);
