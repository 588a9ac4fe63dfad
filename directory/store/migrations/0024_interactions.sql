-- Who elsewhere blocked an actor of ours, and wants to hear nothing more of it; how often a reply was edited, so that
-- nobody decides about words that they did not read; and who names an initiative, to be shown with it.
CREATE TABLE blockers (
  object_id $TEXT NOT NULL,
  actor_id $TEXT NOT NULL,
  block_id $TEXT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (object_id, actor_id)
);
CREATE INDEX blockers_actor ON blockers (actor_id);
CREATE INDEX actors_inbox ON actors (inbox);

ALTER TABLE replies ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;
CREATE INDEX replies_initiative ON replies (initiative_id, post_id, state, reply_key);
