-- Who changed which account and when: a copy of the audit logs that the accounts' own objects hold, for one list of all.
CREATE TABLE account_audit (
  account TEXT NOT NULL,
  id INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  request_id TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details TEXT NOT NULL,
  PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX account_audit_by_time ON account_audit (at_ms, account, id);
