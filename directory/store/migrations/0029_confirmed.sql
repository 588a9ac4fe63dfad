-- When what is carried from a peer was last read or compared there, and when we last asked it to let us follow it.
ALTER TABLE peers ADD COLUMN confirmed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE peers ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
UPDATE peers SET confirmed = last_contact;
