-- What an initiative has for others and what it looks for, to be found by.
ALTER TABLE initiatives ADD COLUMN offers $TEXT NOT NULL DEFAULT '';
ALTER TABLE initiatives ADD COLUMN needs $TEXT NOT NULL DEFAULT '';
