-- Other servers' actors prove what they publish with Ed25519 keys.
ALTER TABLE actors ADD COLUMN proof_keys $TEXT NOT NULL DEFAULT '';
