-- What posts say beyond their text, and which inboxes a deletion must reach besides those of today's followers.
ALTER TABLE posts ADD COLUMN hashtags $TEXT NOT NULL DEFAULT '';
ALTER TABLE posts ADD COLUMN mentions $TEXT NOT NULL DEFAULT '';
ALTER TABLE posts ADD COLUMN event $TEXT NOT NULL DEFAULT '';

CREATE TABLE reached (
  actor_id $TEXT NOT NULL,
  inbox $TEXT NOT NULL,
  reached_at BIGINT NOT NULL,
  PRIMARY KEY (actor_id, inbox)
);
CREATE INDEX reached_newest ON reached (actor_id, reached_at);
