-- Which accounts there are, for lists: a copy of what their own objects hold.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  suspended INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) WITHOUT ROWID;
