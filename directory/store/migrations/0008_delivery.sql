-- What each activity is about, so that those about one thing keep their order and go when it goes;
-- which key signs it, when that is not the one in use;
-- and when each host is to be looked at next, so that nobody has to look through all deliveries.
ALTER TABLE activities ADD COLUMN key_id $TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN object_id $TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET object_id = activity_id;
-- The time of a leased delivery is the end of its lease: what is due is told by run_at alone.
UPDATE deliveries SET leased = 0;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (host, run_at, id);
CREATE INDEX deliveries_object ON deliveries (object_id, inbox);

ALTER TABLE hosts ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hosts ADD COLUMN failed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hosts ADD COLUMN fail_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hosts ADD COLUMN unavailable BOOLEAN NOT NULL DEFAULT FALSE;
-- How many deliveries were begun since the minute that began then.
ALTER TABLE hosts ADD COLUMN minute_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hosts ADD COLUMN minute_count INTEGER NOT NULL DEFAULT 0;
INSERT INTO hosts (name, next_at, fails, failing_since, error) SELECT DISTINCT host, 0, 0, 0, '' FROM deliveries WHERE TRUE
  ON CONFLICT (name) DO NOTHING;
CREATE INDEX hosts_due ON hosts (due_at);
CREATE INDEX actors_shared ON actors (shared_inbox);
