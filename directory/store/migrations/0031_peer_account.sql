-- What is known of how current a peer's entries are: when they were read and compared, what that came to, and of what kind trouble is.
ALTER TABLE peers ADD COLUMN trouble $TEXT NOT NULL DEFAULT '';
ALTER TABLE peers ADD COLUMN requested BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN as_of BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN compared BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN mended_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN mended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN mending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN lacking INTEGER NOT NULL DEFAULT 0;
UPDATE peers SET requested = added WHERE state = 'requested';
UPDATE peers SET as_of = last_contact WHERE state = 'following' AND "cursor" <> '' AND backfill = '';
