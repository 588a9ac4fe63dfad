package store

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// dialect is what differs between the databases.
type dialect struct {
	name            string // of its migrations' variants
	driver          string
	bind            int
	separateReaders bool
	singleServer    bool              // the database belongs to one server process
	words           *strings.Replacer // type words of migrations
	skipLocked      string            // at the end of a sub-query that claims rows
	forUpdate       string            // at the end of a query that reads a row in order to write it
	unique          func(error) bool
	interrupted     func(error) bool // a deadlock was broken
	wordsColumn     bool             // the text index is a column of initiatives
	// matches is the condition that a row of initiatives fits an expression,
	// the one argument; expression writes a Match in the index's language.
	matches    string
	expression func(search.Match) string
	// numbersOf is a query for the numbers of the entries that fit an expression,
	// drafts among them, ascending.
	numbersOf string
	// rank is a number that is smaller for a better match, over the tables of
	// rankFrom under the condition rankMatch. Each takes the expression as its
	// argument where it has a placeholder.
	rank      string
	rankFrom  string
	rankMatch string
}

func parseAddress(address string) (dialect, string, error) {
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		return sqliteDialect(), sqliteDSN(strings.TrimPrefix(address, "sqlite:")), nil
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		dsn, err := postgresDSN(address)
		return postgresDialect(), dsn, err
	}
	return dialect{}, "", directory.Invalidf("database", "%q is neither sqlite:PATH nor a postgres:// URL", address)
}

func sqliteDialect() dialect {
	return dialect{
		name: "sqlite", driver: "sqlite", bind: sqlx.QUESTION, separateReaders: true, singleServer: true,
		words: strings.NewReplacer("$TEXT", "TEXT", "$BLOB", "BLOB", "$ID", "INTEGER", "$REAL", "REAL"),
		unique: func(err error) bool {
			var e *sqlite.Error
			return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE ||
				e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
		},
		interrupted: func(error) bool { return false }, // there is one writer
		matches:     "num IN (SELECT rowid FROM initiative_text WHERE initiative_text MATCH ?)",
		expression:  ftsExpression,
		numbersOf:   "SELECT rowid FROM initiative_text WHERE initiative_text MATCH ? ORDER BY rowid",
		rankFrom:    "initiatives JOIN initiative_text ON initiative_text.rowid = initiatives.num",
		rankMatch:   "initiative_text MATCH ?",
		rank:        "bm25(initiative_text" + bm25Weights() + ")",
	}
}

// bm25Weights lists the weights in the order of the index's columns.
func bm25Weights() string {
	var b strings.Builder
	for _, c := range []search.Column{search.NameColumn, search.FormsColumn, search.PlaceColumn, search.BodyColumn, search.TermsColumn} {
		fmt.Fprintf(&b, ", %g", c.Weight())
	}
	return b.String()
}

// sqliteDSN sets per connection what SQLite forgets: WAL so that readers do not
// wait, a long wait for the writer, and transactions that take the write lock at
// once instead of failing half-way.
func sqliteDSN(path string) string {
	v := url.Values{"_pragma": {
		"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(15000)",
		"foreign_keys(1)", "cache_size(-16000)", "temp_store(MEMORY)",
		"wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
	}, "_txlock": {"immediate"}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

// readerDSN turns the writer's DSN into a reader's: a deferred transaction
// takes no lock, and nothing can be written by mistake.
func readerDSN(dsn string) string {
	dsn = strings.Replace(dsn, url.QueryEscape("cache_size(-16000)"), url.QueryEscape("cache_size(-4000)"), 1)
	return strings.Replace(dsn, "_txlock=immediate", "_pragma=query_only(1)", 1)
}

// ftsExpression writes a match in the language of FTS5.
func ftsExpression(m search.Match) string {
	var parts []string
	for _, g := range m.Words {
		var ways []string
		for _, words := range g.Alternatives {
			text := `"` + strings.Join(words, " ") + `"`
			if !g.Phrase {
				text = strings.Join(quoteWords(words, `"`), " AND ")
			}
			if g.Prefix {
				text += "*"
			}
			ways = append(ways, "({name forms place body} : ("+text+"))")
		}
		if len(g.Terms) > 0 {
			ways = append(ways, ftsTerms(g.Terms))
		}
		for _, stem := range g.Stems {
			ways = append(ways, `("`+stem+`")`)
		}
		parts = append(parts, "("+strings.Join(ways, " OR ")+")")
	}
	for _, terms := range m.Terms {
		parts = append(parts, ftsTerms(terms))
	}
	return strings.Join(parts, " AND ")
}

func ftsTerms(terms []string) string {
	return "({terms} : (" + strings.Join(quoteWords(terms, `"`), " OR ") + "))"
}

func quoteWords(words []string, quote string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote + w + quote
	}
	return quoted
}

func postgresDialect() dialect {
	return dialect{
		name: "postgres", driver: "postgres", bind: sqlx.DOLLAR,
		words: strings.NewReplacer("$TEXT", `TEXT COLLATE "C"`, "$BLOB", "BYTEA", "$ID", "BIGINT", "$REAL", "DOUBLE PRECISION"),
		unique: func(err error) bool {
			var e *pq.Error
			return errors.As(err, &e) && e.Code == "23505"
		},
		interrupted: func(err error) bool {
			var e *pq.Error
			return errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001")
		},
		skipLocked: " FOR UPDATE SKIP LOCKED", forUpdate: " FOR NO KEY UPDATE", wordsColumn: true,
		matches:    "words @@ CAST(? AS tsquery)",
		expression: tsqueryExpression,
		numbersOf:  "SELECT num FROM initiatives WHERE words @@ CAST(? AS tsquery) ORDER BY num",
		rankFrom:   "initiatives",
		rank:       "-ts_rank('{0.1, 0.4, 0.6, 1.0}', words, CAST(? AS tsquery))",
		rankMatch:  "words @@ CAST(? AS tsquery)",
	}
}

// postgresDSN adds what lib/pq would otherwise do the slow way (a prepared
// statement per query) and what a query of a few milliseconds has no use for.
func postgresDSN(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", directory.Invalidf("database", "is not a postgres:// URL")
	}
	v := u.Query()
	if !v.Has("binary_parameters") {
		v.Set("binary_parameters", "yes")
	}
	if !v.Has("sslmode") {
		v.Set("sslmode", "prefer")
	}
	if !v.Has("options") {
		v.Set("options", "-c jit=off")
	}
	u.RawQuery = v.Encode()
	return u.String(), nil
}

// tsqueryExpression writes a match in the language of tsquery.
func tsqueryExpression(m search.Match) string {
	var parts []string
	for _, g := range m.Words {
		var ways []string
		for _, words := range g.Alternatives {
			quoted := quoteWords(words, "'")
			if g.Prefix {
				quoted[len(quoted)-1] += ":*"
			}
			between := " & "
			if g.Phrase {
				between = " <-> "
			}
			ways = append(ways, "("+strings.Join(quoted, between)+")")
		}
		ways = append(ways, quoteWords(slices.Concat(g.Terms, g.Stems), "'")...)
		parts = append(parts, "("+strings.Join(ways, " | ")+")")
	}
	for _, terms := range m.Terms {
		parts = append(parts, "("+strings.Join(quoteWords(terms, "'"), " | ")+")")
	}
	return strings.Join(parts, " & ")
}

// textVector writes a document as a tsvector: words with their positions and
// the weight of their column, terms bare. PostgreSQL's own parser never sees
// the text, so both databases find the same.
func textVector(d search.Document) string {
	var b strings.Builder
	position := 0
	for i, column := range []string{d.Name, d.Forms, d.Place, d.Body} {
		weight := "ABCD"[i]
		position++ // so that no phrase reaches from one column into the next
		for w := range strings.FieldsSeq(column) {
			position = min(position+1, maxPosition)
			fmt.Fprintf(&b, "'%s':%d%c ", w, position, weight)
		}
	}
	for t := range strings.FieldsSeq(d.Terms + " " + d.Stems) {
		fmt.Fprintf(&b, "'%s' ", t)
	}
	return b.String()
}

// maxPosition is the last position that a tsvector tells apart.
const maxPosition = 16383
