-- How inboxes fail while others of their host may be well: one that is broken delays no other.
CREATE TABLE troubled_inboxes (
  inbox $TEXT PRIMARY KEY,
  host $TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  fails INTEGER NOT NULL,
  fail_days INTEGER NOT NULL,
  failing_since BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  unavailable BOOLEAN NOT NULL,
  error $TEXT NOT NULL
);
CREATE INDEX troubled_inboxes_host ON troubled_inboxes (host, next_at);
