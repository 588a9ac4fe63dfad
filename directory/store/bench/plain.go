package main

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"net/url"
	"strings"

	"github.com/lib/pq"

	"codeberg.org/commonage/commonage/directory"
)

// plain is PostgreSQL's own full text search, as one would set it up in an
// afternoon: a generated tsvector, GIN on it and on the facets, GiST on points.
type plain struct {
	db   *sql.DB
	o    options
	name string
}

func makeDatabase(ctx context.Context, server, name string) error {
	if server == "" {
		return fmt.Errorf("TEST_POSTGRES names no server")
	}
	db, err := sql.Open("postgres", server)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+name)
	if e, ok := err.(*pq.Error); ok && e.Code == "42P04" { // it is there
		return nil
	}
	return err
}

func databaseURL(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}

func databaseSize(ctx context.Context, server, name string) string {
	db, err := sql.Open("postgres", server)
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	var n int64
	if err := db.QueryRowContext(ctx, "SELECT pg_database_size($1)", name).Scan(&n); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func openPlain(ctx context.Context, o options) (engine, bool, error) {
	e := &plain{o: o, name: fmt.Sprintf("plain_%d", o.size)}
	if err := makeDatabase(ctx, o.postgres, e.name); err != nil {
		return nil, false, err
	}
	var err error
	if e.db, err = sql.Open("postgres", databaseURL(o.postgres, e.name)); err != nil {
		return nil, false, err
	}
	_, err = e.db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS entries (
			id text PRIMARY KEY, name text, summary text, description text, locality text, facets text[], spot point, updated timestamptz,
			words tsvector GENERATED ALWAYS AS (setweight(to_tsvector('simple', name), 'A') ||
				setweight(to_tsvector('simple', locality), 'B') || to_tsvector('simple', summary || ' ' || description)) STORED);
		CREATE INDEX IF NOT EXISTS entries_words ON entries USING gin (words);
		CREATE INDEX IF NOT EXISTS entries_facets ON entries USING gin (facets);
		CREATE INDEX IF NOT EXISTS entries_spot ON entries USING gist (spot);
		CREATE INDEX IF NOT EXISTS entries_updated ON entries (updated)`)
	if err != nil {
		return nil, false, err
	}
	n := 0
	err = e.db.QueryRowContext(ctx, "SELECT count(*) FROM entries").Scan(&n)
	return e, n >= o.size, err
}

// facets lists what an entry is counted by.
func facets(i *directory.Initiative) []string {
	list := []string{"kind:" + string(i.Kind), "role:" + string(i.Role), "origin:" + i.Origin, "country:" + i.Place.Country}
	for _, f := range i.Forms {
		list = append(list, "form:"+f)
	}
	for _, c := range i.Currents {
		list = append(list, "current:"+string(c))
	}
	return list
}

func (e *plain) put(ctx context.Context, entries []*directory.Initiative) error {
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	statement, err := tx.PrepareContext(ctx, `INSERT INTO entries (id, name, summary, description, locality, facets, spot, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET summary = excluded.summary, updated = excluded.updated`)
	if err != nil {
		return err
	}
	for _, i := range entries {
		var spot any
		if p := i.Place.Point; p != nil {
			spot = fmt.Sprintf("(%v,%v)", p.Longitude, p.Latitude)
		}
		if _, err := statement.ExecContext(ctx, i.ID, i.Name, i.Summary, i.Description, i.Place.Locality,
			pq.Array(facets(i)), spot, i.Updated); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (e *plain) ready(ctx context.Context) error {
	_, err := e.db.ExecContext(ctx, "ANALYZE entries")
	return err
}

// condition returns the WHERE of a question.
func condition(q question) (where string, args []any) {
	var parts []string
	add := func(part string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			part = strings.Replace(part, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		parts = append(parts, part)
	}
	if q.Phrase {
		add("words @@ phraseto_tsquery('simple', ?)", strings.Join(q.Words, " "))
	} else if q.Prefix {
		add("words @@ to_tsquery('simple', ?)", "'"+strings.ReplaceAll(q.Words[0], "'", "")+"':*")
	} else if len(q.Words) > 0 {
		add("words @@ plainto_tsquery('simple', ?)", strings.Join(q.Words, " "))
	}
	for _, f := range q.Forms {
		add("facets @> ?", pq.Array([]string{"form:" + f}))
	}
	for _, c := range q.Countries {
		add("facets @> ?", pq.Array([]string{"country:" + c}))
	}
	for _, k := range q.Kinds {
		add("facets @> ?", pq.Array([]string{"kind:" + string(k)}))
	}
	if b := q.Box; b != nil {
		add("spot <@ box(point(?, ?), point(?, ?))", b.West, b.South, b.East, b.North)
	}
	if q.Near != nil && q.Radius > 0 {
		b := directory.BoxAround(*q.Near, q.Radius)
		add("spot <@ box(point(?, ?), point(?, ?))", b.West, b.South, b.East, b.North)
	}
	if len(parts) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(parts, " AND "), args
}

func (e *plain) ask(ctx context.Context, q question) error {
	where, args := condition(q)
	order := "updated DESC"
	if q.Near != nil {
		order = fmt.Sprintf("spot <-> point(%v, %v)", q.Near.Longitude, q.Near.Latitude)
	} else if len(q.Words) > 0 {
		order = "ts_rank(words, " + strings.TrimPrefix(strings.SplitN(where, " AND ", 2)[0], " WHERE words @@ ") + ") DESC"
	}
	for _, query := range []string{
		"SELECT id, name, summary, description FROM entries" + where + " ORDER BY " + order + fmt.Sprintf(" LIMIT 20 OFFSET %d", 20*(q.Page-1)),
		"SELECT count(*)::text, '', '', '' FROM entries" + where,
		"SELECT f, count(*)::text, '', '' FROM entries, unnest(facets) f" + where + " GROUP BY f",
	} {
		if err := e.drain(ctx, query, args); err != nil {
			return err
		}
	}
	return nil
}

func (e *plain) drain(ctx context.Context, query string, args []any) error {
	rows, err := e.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var a, b, c, d string
	for rows.Next() {
		if err := rows.Scan(&a, &b, &c, &d); err != nil {
			return err
		}
	}
	return rows.Err()
}

// tile makes eight by eight clusters, as ours have. It knows no search.
func (e *plain) tile(ctx context.Context, z, x, y int, query string) error {
	const cells = 8
	n := math.Exp2(float64(z))
	west, east := float64(x)/n*360-180, float64(x+1)/n*360-180
	lat := func(v float64) float64 { return math.Atan(math.Sinh(math.Pi*(1-2*v/n))) * 180 / math.Pi }
	north, south := lat(float64(y)), lat(float64(y+1))
	where := ""
	if strings.Contains(query, "community") {
		where = " AND words @@ plainto_tsquery('simple', 'community')"
	}
	return e.drain(ctx, fmt.Sprintf(`SELECT floor((spot[0] - (%[1]v)) / %[5]v)::text, floor((spot[1] - (%[2]v)) / %[6]v)::text,
			count(*)::text, avg(spot[0])::text FROM entries
		WHERE spot <@ box(point(%[1]v, %[2]v), point(%[3]v, %[4]v))%[7]s GROUP BY 1, 2`,
		west, south, east, north, (east-west)/cells, (north-south)/cells, where), nil)
}

func (e *plain) disk(ctx context.Context) string { return databaseSize(ctx, e.o.postgres, e.name) }

func (e *plain) close() error { return e.db.Close() }
