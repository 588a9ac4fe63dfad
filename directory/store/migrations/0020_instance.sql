-- Whose database this is: every address has the host, so it never changes.
CREATE TABLE instance (
  one $ID PRIMARY KEY CHECK (one = 1),
  host $TEXT NOT NULL
);
