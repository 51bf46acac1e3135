-- What each key was charged on each UTC day (days since 1970): sums of `usage`, so that the operator's page need not add
-- its rows up. key_id is empty where none is known.
CREATE TABLE spend_days (
  day INTEGER NOT NULL,
  account TEXT NOT NULL,
  key_id TEXT NOT NULL,
  requests INTEGER NOT NULL,
  micro_usd INTEGER NOT NULL,
  saved_micro_usd INTEGER NOT NULL,
  gpu_ms INTEGER NOT NULL,
  PRIMARY KEY (day, account, key_id)
) WITHOUT ROWID;
INSERT INTO spend_days
  SELECT at_ms / 86400000, account, COALESCE(key_id, ''), COUNT(DISTINCT event_id), SUM(micro_usd),
    COALESCE(SUM(saved_micro_usd), 0), COALESCE(SUM(gpu_ms), 0)
  FROM usage GROUP BY 1, 2, 3;
