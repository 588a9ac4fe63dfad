-- The text index. It holds words that search.Words made, so its tokenizer only splits at blanks.
CREATE VIRTUAL TABLE initiative_text USING fts5(
  name, forms, place, body, terms,
  content = '', contentless_delete = 1, prefix = '2 3',
  tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc Me' tokenchars ':-._/[]'"
);
