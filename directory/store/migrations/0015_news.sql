-- The latest proven activity of each entry that changed of late, in the order in which they came, to be passed on and asked for.
CREATE TABLE news (
  entry_id $TEXT PRIMARY KEY,
  activity_id $TEXT NOT NULL UNIQUE,
  origin $TEXT NOT NULL,
  type $TEXT NOT NULL,
  changed BIGINT NOT NULL,
  came BIGINT NOT NULL,
  pass BOOLEAN NOT NULL,
  body $BLOB NOT NULL
);
CREATE INDEX news_came ON news (came);
CREATE INDEX news_origin ON news (origin, came);
CREATE INDEX news_pass ON news (pass, came);
