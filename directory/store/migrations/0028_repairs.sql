-- What the end of a repair depended on besides the digests: the decisions about servers and entries, and how many entries may
-- be carried. And the bucket with which one that is under way goes on.
ALTER TABLE repairs ADD COLUMN decisions BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repairs ADD COLUMN most BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repairs ADD COLUMN bucket INTEGER NOT NULL DEFAULT 0;
