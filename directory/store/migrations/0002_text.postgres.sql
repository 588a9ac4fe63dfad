-- The text index. It holds words that search.Words made, so no text search configuration is used.
ALTER TABLE initiatives ADD COLUMN words tsvector;
CREATE INDEX initiatives_words ON initiatives USING gin (words);
