-- Instances that others told of or that introduced themselves, and which of our peers list them.
CREATE TABLE candidates (
  host $TEXT PRIMARY KEY,
  domain $TEXT NOT NULL,
  state $TEXT NOT NULL,
  reason $TEXT NOT NULL,
  name $TEXT NOT NULL,
  locality $TEXT NOT NULL,
  country $TEXT NOT NULL,
  latitude $REAL,
  longitude $REAL,
  initiatives INTEGER NOT NULL,
  samples $TEXT NOT NULL,
  unlisted BOOLEAN NOT NULL,
  stranger BOOLEAN NOT NULL,
  tries INTEGER NOT NULL,
  introduced BIGINT NOT NULL,
  found BIGINT NOT NULL,
  checked BIGINT NOT NULL,
  decided BIGINT NOT NULL
);
CREATE INDEX candidates_state ON candidates (state, checked);
CREATE INDEX candidates_domain ON candidates (domain);

CREATE TABLE vouches (
  voucher $TEXT NOT NULL,
  host $TEXT NOT NULL,
  since BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  brought BOOLEAN NOT NULL,
  PRIMARY KEY (voucher, host)
);
CREATE INDEX vouches_host ON vouches (host);
