-- Since when the directory is closed for good; 0 while it is not.
ALTER TABLE instance ADD COLUMN closed BIGINT NOT NULL DEFAULT 0;
