-- Requests for pictures by UTC hour and revision of the model: how they ended (a tier or an error code), and how long
-- they took (as in request_hours). Requests that chose no model are in request_hours alone.
CREATE TABLE model_hours (
  revision TEXT NOT NULL,
  hour INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  PRIMARY KEY (revision, hour, outcome, bucket)
) WITHOUT ROWID;
