-- What federation needs to remember: keys, other servers' actors, who follows whom, and work under way.
CREATE TABLE keys (
  id $TEXT PRIMARY KEY,
  kind $TEXT NOT NULL,
  private $TEXT NOT NULL,
  public $TEXT NOT NULL,
  created BIGINT NOT NULL,
  retired BIGINT NOT NULL
);

CREATE TABLE actors (
  id $TEXT PRIMARY KEY,
  type $TEXT NOT NULL,
  handle $TEXT NOT NULL,
  name $TEXT NOT NULL,
  inbox $TEXT NOT NULL,
  shared_inbox $TEXT NOT NULL,
  key_id $TEXT NOT NULL,
  key_pem $TEXT NOT NULL,
  is_directory BOOLEAN NOT NULL,
  fetched BIGINT NOT NULL
);
CREATE INDEX actors_key ON actors (key_id);

CREATE TABLE followers (
  actor_id $TEXT NOT NULL,
  object_id $TEXT NOT NULL,
  follow_id $TEXT NOT NULL,
  inbox $TEXT NOT NULL,
  delivery $TEXT NOT NULL,
  peer BOOLEAN NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (object_id, actor_id)
);
CREATE INDEX followers_actor ON followers (actor_id);

CREATE TABLE peers (
  host $TEXT PRIMARY KEY,
  actor_id $TEXT NOT NULL,
  name $TEXT NOT NULL,
  inbox $TEXT NOT NULL,
  locality $TEXT NOT NULL,
  country $TEXT NOT NULL,
  latitude $REAL,
  longitude $REAL,
  wanted BOOLEAN NOT NULL,
  state $TEXT NOT NULL,
  follows_us BOOLEAN NOT NULL,
  follow_id $TEXT NOT NULL,
  added BIGINT NOT NULL,
  last_contact BIGINT NOT NULL,
  last_error $TEXT NOT NULL,
  last_error_at BIGINT NOT NULL,
  backfill $TEXT NOT NULL,
  "cursor" $TEXT NOT NULL
);

-- Every activity that came in, once, by what makes it one; the body goes when it has been acted on.
CREATE TABLE inbox (
  id $TEXT PRIMARY KEY,
  digest $TEXT NOT NULL UNIQUE,
  signer $TEXT NOT NULL,
  inbox $TEXT NOT NULL,
  body $BLOB,
  received BIGINT NOT NULL,
  run_at BIGINT NOT NULL,
  leased BIGINT NOT NULL,
  tries INTEGER NOT NULL,
  done BOOLEAN NOT NULL,
  error $TEXT NOT NULL
);
CREATE INDEX inbox_due ON inbox (done, run_at);

CREATE TABLE activities (
  id $TEXT PRIMARY KEY,
  actor_id $TEXT NOT NULL,
  body $BLOB NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE hosts (
  name $TEXT PRIMARY KEY,
  next_at BIGINT NOT NULL,
  fails INTEGER NOT NULL,
  failing_since BIGINT NOT NULL,
  error $TEXT NOT NULL
);

CREATE TABLE deliveries (
  id $TEXT PRIMARY KEY,
  activity_id $TEXT NOT NULL,
  host $TEXT NOT NULL,
  inbox $TEXT NOT NULL,
  tries INTEGER NOT NULL,
  run_at BIGINT NOT NULL,
  leased BIGINT NOT NULL,
  created BIGINT NOT NULL,
  UNIQUE (activity_id, inbox)
);
CREATE INDEX deliveries_due ON deliveries (host, run_at);

CREATE TABLE jobs (
  id $TEXT PRIMARY KEY,
  kind $TEXT NOT NULL,
  job_key $TEXT NOT NULL,
  payload $TEXT NOT NULL,
  run_at BIGINT NOT NULL,
  leased BIGINT NOT NULL,
  tries INTEGER NOT NULL,
  created BIGINT NOT NULL,
  error $TEXT NOT NULL,
  UNIQUE (kind, job_key)
);
CREATE INDEX jobs_due ON jobs (run_at);
