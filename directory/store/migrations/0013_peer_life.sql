-- How far the reading of a peer's log has come, since when it does not answer, and whether its entries left the lists for that.
ALTER TABLE peers ADD COLUMN log_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN log_total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN failing_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN hidden BOOLEAN NOT NULL DEFAULT FALSE;
