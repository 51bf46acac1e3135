-- How far each account's ledger is known to agree with usage and meter: every entry up to this one.
CREATE TABLE reconciliations (
  account TEXT PRIMARY KEY,
  after_entry INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID;
