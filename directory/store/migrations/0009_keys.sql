-- A new key is made known before it is used; the old one signs until everyone was told.
ALTER TABLE keys ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX activities_key ON activities (key_id);

-- What came in is acted on in this order.
DROP INDEX inbox_due;
CREATE INDEX inbox_due ON inbox (done, run_at, id);
