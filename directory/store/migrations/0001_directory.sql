-- The directory: own and carried entries in one table, so that search and map have one path.
CREATE TABLE counters (
  name $TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE initiatives (
  num $ID PRIMARY KEY,
  id $TEXT NOT NULL UNIQUE,
  handle $TEXT NOT NULL,
  origin $TEXT NOT NULL,
  own BOOLEAN NOT NULL,
  state $TEXT NOT NULL,
  name $TEXT NOT NULL,
  summary $TEXT NOT NULL,
  description $TEXT NOT NULL,
  languages $TEXT NOT NULL,
  forms $TEXT NOT NULL,
  kind $TEXT NOT NULL,
  role $TEXT NOT NULL,
  currents $TEXT NOT NULL,
  scope $TEXT NOT NULL,
  status $TEXT NOT NULL,
  founded $TEXT NOT NULL,
  tags $TEXT NOT NULL,
  links $TEXT NOT NULL,
  image $TEXT NOT NULL,
  place_name $TEXT NOT NULL,
  address $TEXT NOT NULL,
  postcode $TEXT NOT NULL,
  locality $TEXT NOT NULL,
  locality_folded $TEXT NOT NULL,
  region $TEXT NOT NULL,
  country $TEXT NOT NULL,
  latitude $REAL,
  longitude $REAL,
  "precision" $TEXT NOT NULL,
  -- the point as a unit vector, so that the order by distance is a product, right at poles and antimeridian
  x $REAL,
  y $REAL,
  z $REAL,
  cell BIGINT,
  source_name $TEXT NOT NULL,
  source_url $TEXT NOT NULL,
  source_licence $TEXT NOT NULL,
  source_attribution $TEXT NOT NULL,
  external_id $TEXT NOT NULL,
  published BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  revision INTEGER NOT NULL,
  -- the latest change of an own entry in the log that peers read; NULL for carried ones and drafts
  position BIGINT UNIQUE,
  change $TEXT NOT NULL,
  terms $TEXT NOT NULL,
  UNIQUE (origin, handle)
);
CREATE INDEX initiatives_newest ON initiatives (state, updated, num);
CREATE INDEX initiatives_origin ON initiatives (origin, state);
CREATE INDEX initiatives_cell ON initiatives (cell, state, kind, latitude, longitude);
CREATE INDEX initiatives_external ON initiatives (external_id, source_name);
CREATE INDEX initiatives_locality ON initiatives (locality_folded);

CREATE TABLE posts (
  id $TEXT PRIMARY KEY,
  initiative_id $TEXT NOT NULL,
  body $TEXT NOT NULL,
  language $TEXT NOT NULL,
  attachments $TEXT NOT NULL,
  pinned BOOLEAN NOT NULL,
  deleted BOOLEAN NOT NULL,
  published BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE INDEX posts_initiative ON posts (initiative_id, published);

CREATE TABLE users (
  name $TEXT PRIMARY KEY,
  display $TEXT NOT NULL,
  contact $TEXT NOT NULL,
  role $TEXT NOT NULL,
  created BIGINT NOT NULL
);
