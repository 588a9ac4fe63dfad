-- The text index without lists of what begins with two and three letters: the index in memory finds beginnings, and
-- keeping them took most of the time of writing. The entries are entered anew, see refreshText.
DROP TABLE initiative_text;
CREATE VIRTUAL TABLE initiative_text USING fts5(
  name, forms, place, body, terms,
  content = '', contentless_delete = 1,
  tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc Me' tokenchars ':-._/[]'"
);
DELETE FROM counters WHERE name = 'document version';
