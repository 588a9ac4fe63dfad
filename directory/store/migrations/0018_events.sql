-- Events are asked for all together, to put them into a calendar.
CREATE INDEX posts_events ON posts (published) WHERE event <> '';
