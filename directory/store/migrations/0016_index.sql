-- What the index in memory catches up by: the version at which an entry last changed, and those that are gone.
ALTER TABLE initiatives ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX initiatives_changed ON initiatives (changed, num);

CREATE TABLE vanished (
  num $ID PRIMARY KEY,
  changed BIGINT NOT NULL
);
CREATE INDEX vanished_changed ON vanished (changed);
