-- What accounts were charged, for reports: a copy of the settlements in the ledgers. One row a line of a settlement.
CREATE TABLE usage (
  event_id TEXT NOT NULL,
  line INTEGER NOT NULL,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  latent_id TEXT NOT NULL,
  micro_usd INTEGER NOT NULL,
  price_book INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (event_id, line)
) WITHOUT ROWID;
CREATE INDEX usage_by_account ON usage (account, at_ms);
