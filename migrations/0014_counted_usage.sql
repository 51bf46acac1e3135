-- Whether a row is part of `spend_days`. Rows that an earlier Worker writes are not, NULL, until a reconciliation adds
-- them: between this migration and the deployment, and between 0010 and this one.
ALTER TABLE usage ADD COLUMN in_days INTEGER;
UPDATE usage SET in_days = 1;
DELETE FROM spend_days;
INSERT INTO spend_days
  SELECT at_ms / 86400000, account, COALESCE(key_id, ''), COUNT(DISTINCT event_id), SUM(micro_usd),
    COALESCE(SUM(saved_micro_usd), 0), COALESCE(SUM(gpu_ms), 0)
  FROM usage GROUP BY 1, 2, 3;
CREATE INDEX usage_not_in_days ON usage (account) WHERE in_days IS NULL;
