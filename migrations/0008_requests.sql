-- Requests for pictures by UTC hour: how they ended (a tier or an error code), and how long they took (buckets of a
-- geometric histogram, -1 where nobody waited). No account, no prompt.
CREATE TABLE request_hours (
  hour INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  PRIMARY KEY (hour, outcome, bucket)
) WITHOUT ROWID;
-- Their pictures by UTC hour and tier: what ran for them, and what they were charged.
CREATE TABLE picture_hours (
  hour INTEGER NOT NULL,
  tier TEXT NOT NULL,
  pictures INTEGER NOT NULL,
  stage_c_runs INTEGER NOT NULL,
  stage_c_ms REAL NOT NULL,
  decodes INTEGER NOT NULL,
  decode_ms REAL NOT NULL,
  micro_usd INTEGER NOT NULL,
  PRIMARY KEY (hour, tier)
) WITHOUT ROWID;
-- Requests that were counted, for longer than a queue delivers them again.
CREATE TABLE counted_requests (
  id TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX counted_requests_by_time ON counted_requests (at_ms);
