-- Whom we have asked to pass on what changes at an origin. Who asks us so is a follower of the origin's directory.
CREATE TABLE upstreams (
  origin $TEXT NOT NULL,
  actor_id $TEXT NOT NULL,
  inbox $TEXT NOT NULL,
  follow_id $TEXT NOT NULL,
  accepted BOOLEAN NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (origin, actor_id)
);
CREATE INDEX upstreams_actor ON upstreams (actor_id);
