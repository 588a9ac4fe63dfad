-- Initiatives move between instances: who they were, and where they are now.
ALTER TABLE initiatives ADD COLUMN also_known_as $TEXT NOT NULL DEFAULT '';
ALTER TABLE initiatives ADD COLUMN moved_to $TEXT NOT NULL DEFAULT '';
