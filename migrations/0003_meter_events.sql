-- Settlements that Stripe was told about, for longer than Stripe itself remembers that it was.
CREATE TABLE meter_events (
  event_id TEXT PRIMARY KEY,
  sent_ms INTEGER NOT NULL
) WITHOUT ROWID;
