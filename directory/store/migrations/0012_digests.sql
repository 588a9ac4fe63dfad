-- What each origin's listed entries amount to, so that two instances see from a few bytes whether they have the same.
ALTER TABLE initiatives ADD COLUMN bucket INTEGER NOT NULL DEFAULT -1;
-- The date of the last change as the origin's document writes it, where we would write it in another way.
ALTER TABLE initiatives ADD COLUMN stamp $TEXT NOT NULL DEFAULT '';
CREATE INDEX initiatives_bucket ON initiatives (origin, bucket, id);
CREATE INDEX initiatives_no_bucket ON initiatives (origin) WHERE bucket < 0;

CREATE TABLE digests (
  origin $TEXT PRIMARY KEY,
  entries INTEGER NOT NULL,
  digest $BLOB NOT NULL,
  -- of each of the 256 buckets: how many entries (4 bytes), and their digest (32 bytes)
  buckets $BLOB NOT NULL
);

-- With which digests, theirs and ours, a repair last ended: while both stand, there is nothing to do.
CREATE TABLE repairs (
  host $TEXT PRIMARY KEY,
  theirs $TEXT NOT NULL,
  ours $TEXT NOT NULL,
  repaired BIGINT NOT NULL,
  reread BIGINT NOT NULL
);
