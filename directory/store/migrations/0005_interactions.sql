-- What comes back from elsewhere, and what the operator decided about who may send it.
CREATE TABLE replies (
  id $TEXT PRIMARY KEY,
  reply_key $TEXT NOT NULL UNIQUE,
  initiative_id $TEXT NOT NULL,
  post_id $TEXT NOT NULL,
  in_reply_to $TEXT NOT NULL,
  author_id $TEXT NOT NULL,
  author_host $TEXT NOT NULL,
  author_acct $TEXT NOT NULL,
  author_name $TEXT NOT NULL,
  author_url $TEXT NOT NULL,
  author_icon $TEXT NOT NULL,
  content $TEXT NOT NULL,
  language $TEXT NOT NULL,
  url $TEXT NOT NULL,
  state $TEXT NOT NULL,
  published BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  received BIGINT NOT NULL
);
CREATE INDEX replies_post ON replies (post_id, state, published);
CREATE INDEX replies_state ON replies (state, reply_key);
CREATE INDEX replies_author ON replies (author_id, received);
CREATE INDEX replies_host ON replies (author_host, received);

CREATE TABLE reactions (
  object_id $TEXT NOT NULL,
  kind $TEXT NOT NULL,
  actor_id $TEXT NOT NULL,
  activity_id $TEXT NOT NULL,
  received BIGINT NOT NULL,
  PRIMARY KEY (object_id, kind, actor_id)
);
CREATE INDEX reactions_actor ON reactions (actor_id, activity_id);

-- What was deleted or undone before it came, so that it is not taken when it does.
CREATE TABLE departed (
  id $TEXT NOT NULL,
  actor_id $TEXT NOT NULL,
  noted BIGINT NOT NULL,
  PRIMARY KEY (id, actor_id)
);
CREATE INDEX departed_noted ON departed (noted);

CREATE TABLE reports (
  id $TEXT PRIMARY KEY,
  host $TEXT NOT NULL,
  objects $TEXT NOT NULL,
  body $TEXT NOT NULL,
  received BIGINT NOT NULL,
  closed BIGINT NOT NULL
);
CREATE INDEX reports_host ON reports (host, received);

CREATE TABLE blocks (
  subject $TEXT PRIMARY KEY,
  kind $TEXT NOT NULL,
  reason $TEXT NOT NULL,
  created BIGINT NOT NULL
);

ALTER TABLE actors ADD COLUMN url $TEXT NOT NULL DEFAULT '';
ALTER TABLE actors ADD COLUMN icon $TEXT NOT NULL DEFAULT '';
