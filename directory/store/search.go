package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// selection is the part of a query that every answer shares: which rows.
type selection struct {
	conditions []string
	args       []any
	match      string // the index's expression; "" without words or terms
}

func (s *Store) selection(q search.Query) selection {
	sel := selection{conditions: []string{`state = 'published'`}}
	if q.Box != nil {
		sel.within(*q.Box)
	}
	if q.Near != nil && q.Radius > 0 {
		sel.within(directory.BoxAround(*q.Near, q.Radius))
		v := q.Near.UnitVector()
		sel.add(`x * ? + y * ? + z * ? >= ?`, v[0], v[1], v[2], search.LeastProduct(q.Radius))
	}
	if q.Since != "" {
		sel.add(`updated >= ?`, q.Earliest())
	}
	m := search.NewMatch(q)
	if !m.Empty() {
		sel.match = s.dialect.expression(m)
	}
	for _, g := range m.Not {
		sel.add(`NOT (`+s.dialect.matches+`)`, s.dialect.expression(search.Match{Words: []search.Group{g}}))
	}
	return sel
}

func (sel *selection) add(condition string, args ...any) {
	sel.conditions = append(sel.conditions, condition)
	sel.args = append(sel.args, args...)
}

func (sel *selection) within(b directory.Box) {
	sel.add(`latitude BETWEEN ? AND ?`, b.South, b.North)
	switch {
	case b.West > b.East:
		sel.add(`(longitude >= ? OR longitude <= ?)`, b.West, b.East)
	case b.West > -180 || b.East < 180:
		sel.add(`longitude BETWEEN ? AND ?`, b.West, b.East)
	}
}

// where returns the condition on initiatives and its arguments.
func (s *Store) where(sel selection) (string, []any) {
	conditions, args := sel.conditions, sel.args
	if sel.match != "" {
		conditions = append(slices.Clone(conditions), s.dialect.matches)
		args = append(slices.Clone(args), sel.match)
	}
	return ` WHERE ` + strings.Join(conditions, ` AND `), args
}

// Search answers a query: one page of hits, how many there are in all, and the
// facets. The order is by distance when the query is near a point, else by match
// when it has words, else the newest first.
func (s *Store) Search(ctx context.Context, q search.Query) (*search.Result, error) {
	start, err := q.Position()
	if err != nil {
		return nil, err
	}
	question, x, err := s.question(ctx, q)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return s.searchTables(ctx, q, start.Skip)
	}
	question.Limit, question.After = q.PageSize(), start.Key
	if start.Key == nil {
		question.Skip = start.Skip
	}
	found := x.Find(question)
	found.Facets.Cut(q)
	nums := numbersOf(found.Keys)
	result := &search.Result{Total: found.Total, Facets: found.Facets, Estimated: found.Estimated}
	if result.Hits, err = s.hitsNumbered(ctx, q, nums); err != nil {
		return nil, err
	}
	if end := start.Skip + len(nums); end < result.Total && len(nums) > 0 {
		result.Next = search.Position{Skip: end, Key: &found.Keys[len(nums)-1]}.Cursor()
	}
	return result, nil
}

// searchTables is Search by the tables alone.
func (s *Store) searchTables(ctx context.Context, q search.Query, offset int) (*search.Result, error) {
	result := &search.Result{}
	numbers, args := s.page(q, q.PageSize(), offset)
	// The page's row numbers come first and alone, so that sorting carries
	// nothing else; the rows are read for the page only.
	nums, err := many[int64](ctx, s, "hits", numbers, args...)
	if err != nil {
		return nil, err
	}
	if result.Hits, err = s.hitsNumbered(ctx, q, nums); err != nil {
		return nil, err
	}
	if result.Total, err = s.countTables(ctx, q); err != nil {
		return nil, err
	}
	if result.Facets, err = s.facets(ctx, q); err != nil {
		return nil, err
	}
	result.Facets.Cut(q)
	if result.Estimated = result.Total > search.MaxFacetHits; result.Estimated {
		result.Facets.Scale(result.Total, search.MaxFacetHits)
	}
	if end := offset + len(result.Hits); end < result.Total && len(result.Hits) > 0 {
		result.Next = search.CursorAt(end)
	}
	return result, nil
}

// Count returns how many entries fit the query.
func (s *Store) Count(ctx context.Context, q search.Query) (int, error) {
	question, x, err := s.question(ctx, q)
	if err != nil {
		return 0, err
	}
	if x == nil {
		return s.countTables(ctx, q)
	}
	return x.Count(question), nil
}

func (s *Store) countTables(ctx context.Context, q search.Query) (int, error) {
	where, args := s.where(s.selection(q))
	return s.count(ctx, "number of hits", `SELECT COUNT(*) FROM initiatives`+where, args...)
}

// Suggest returns the best hits of a query, at most so many, without counting
// any; none where the index is not filled yet.
func (s *Store) Suggest(ctx context.Context, q search.Query, most int) ([]*directory.Initiative, error) {
	question, x, err := s.question(ctx, q)
	if err != nil || x == nil {
		return nil, err
	}
	question.Limit = most
	return s.listed(ctx, numbersOf(x.First(question)))
}

// Newest returns the hits of a query that were added or changed last, at most so
// many, the latest first.
func (s *Store) Newest(ctx context.Context, q search.Query, most int) ([]*directory.Initiative, error) {
	question, x, err := s.question(ctx, q)
	if err != nil {
		return nil, err
	}
	if x != nil {
		question.Limit, question.Newest = most, true
		return s.listed(ctx, numbersOf(x.First(question)))
	}
	where, args := s.where(s.selection(q))
	nums, err := many[int64](ctx, s, "newest hits",
		`SELECT num FROM initiatives`+where+` ORDER BY updated DESC, num DESC LIMIT ?`, append(slices.Clone(args), most)...)
	if err != nil {
		return nil, err
	}
	return s.listed(ctx, nums)
}

// listed returns the published entries with the numbers, in their order.
func (s *Store) listed(ctx context.Context, nums []int64) ([]*directory.Initiative, error) {
	hits, err := s.hitsNumbered(ctx, search.Query{}, nums)
	if err != nil {
		return nil, err
	}
	out := make([]*directory.Initiative, len(hits))
	for k := range hits {
		out[k] = &hits[k].Initiative
	}
	return out, nil
}

func numbersOf(keys []search.Key) []int64 {
	nums := make([]int64, len(keys))
	for k := range keys {
		nums[k] = keys[k].Num
	}
	return nums
}

// Spellings returns how an entry writes what it offers and needs, for those of the
// values that the index knows of.
func (s *Store) Spellings(ctx context.Context, values map[search.Dimension][]string) (map[string]string, error) {
	x, err := s.current(ctx)
	if err != nil || x == nil {
		return nil, err
	}
	var nums []uint32
	for d, list := range values {
		for _, value := range list {
			if num, ok := x.Example(d, value); ok {
				nums = append(nums, num)
			}
		}
	}
	if len(nums) == 0 {
		return nil, nil //nolint:nilnil // nothing is known
	}
	slices.Sort(nums)
	query, args, err := in(`SELECT offers, needs FROM initiatives WHERE num IN (?) ORDER BY num`, slices.Compact(nums))
	if err != nil {
		return nil, err
	}
	rows, err := many[initiativeRow](ctx, s, "offers and needs", query, args...)
	if err != nil {
		return nil, err
	}
	spelled := map[string]string{}
	for _, row := range rows {
		var offers, needs []string
		if err := errors.Join(decode(row.Offers, &offers), decode(row.Needs, &needs)); err != nil {
			return nil, err
		}
		for _, phrase := range append(offers, needs...) {
			if key := search.PhraseKey(phrase); spelled[key] == "" {
				spelled[key] = phrase
			}
		}
	}
	return spelled, nil
}

// Events returns the posts of the hits of a query that invite to something, those
// published last first, at most so many.
func (s *Store) Events(ctx context.Context, q search.Query, most int) ([]directory.Post, error) {
	where, args := s.where(s.selection(q))
	return s.posts(ctx, `event <> '' AND NOT deleted AND EXISTS (SELECT 1 FROM initiatives`+where+` AND initiatives.id = posts.initiative_id)
		ORDER BY published DESC, id DESC LIMIT ?`, append(slices.Clone(args), most)...)
}

// PlacesLike returns localities of published entries that begin so, accents and
// case aside, at most so many, in the order of their names.
func (s *Store) PlacesLike(ctx context.Context, start string, most int) ([]string, error) {
	last, end := search.Fold(strings.TrimSpace(start)), search.Fold(strings.TrimSpace(start))+"\U0010FFFF"
	var out []string
	// One step of the index for each place, however many entries it has.
	for condition := `>=`; last != "" && len(out) < most; condition = `>` {
		rows, err := many[struct {
			Folded   string `db:"locality_folded"`
			Locality string `db:"locality"`
		}](ctx, s, "places", `SELECT locality_folded, locality FROM initiatives
			WHERE locality_folded `+condition+` ? AND locality_folded < ? AND state = 'published'
			ORDER BY locality_folded LIMIT 1`, last, end)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		last = rows[0].Folded
		out = append(out, rows[0].Locality)
	}
	return out, nil
}

// Mend returns the words of a query as they were likely meant, by the words of
// the directory, and how many entries fit the query then; "" where nothing is
// better, or the index is not filled yet.
func (s *Store) Mend(ctx context.Context, q search.Query) (text string, total int, err error) {
	x, err := s.current(ctx)
	if err != nil || x == nil || q.Text == "" {
		return "", 0, err
	}
	if text = search.Mend(q.Text, x.Mend); text == q.Text {
		return "", 0, nil
	}
	before, err := s.Count(ctx, q)
	if err != nil {
		return "", 0, err
	}
	q.Text = text
	if total, err = s.Count(ctx, q); err != nil || total <= before {
		return "", 0, err
	}
	return text, total, nil
}

// hitsNumbered reads the entries of a page.
func (s *Store) hitsNumbered(ctx context.Context, q search.Query, nums []int64) ([]search.Hit, error) {
	if len(nums) == 0 {
		return nil, nil
	}
	rows, err := manyIn[initiativeRow](ctx, s, "hits", `SELECT `+initiativeColumns+` FROM initiatives WHERE num IN (?)`, nums)
	if err != nil {
		return nil, err
	}
	byNum := make(map[int64]*initiativeRow, len(rows))
	for k := range rows {
		byNum[rows[k].Num] = &rows[k]
	}
	hits := make([]search.Hit, 0, len(nums))
	for _, num := range nums {
		row, ok := byNum[num]
		if !ok || row.State != string(directory.Published) {
			continue // withdrawn between the two queries
		}
		i, err := row.initiative()
		if err != nil {
			return nil, err
		}
		hits = append(hits, search.Hit{Initiative: *i, Distance: distance(q, i)})
	}
	return hits, nil
}

func distance(q search.Query, i *directory.Initiative) float64 {
	if q.Near == nil || i.Place.Point == nil {
		return -1
	}
	return q.Near.Distance(*i.Place.Point)
}

// page returns the query for the row numbers of a page.
func (s *Store) page(q search.Query, limit, offset int) (query string, args []any) {
	sel := s.selection(q)
	var order string
	from := `initiatives`
	var orderArgs []any
	switch {
	case q.Near != nil:
		v := q.Near.UnitVector()
		order = `x * ? + y * ? + z * ? DESC NULLS LAST, num`
		orderArgs = []any{v[0], v[1], v[2]}
	case len(search.NewMatch(q).Words) > 0:
		from = s.dialect.rankFrom
		order = s.dialect.rank + `, updated DESC, num DESC`
		sel.add(s.dialect.rankMatch, sel.match)
		if strings.Contains(s.dialect.rank, "?") {
			orderArgs = []any{sel.match}
		}
		sel.match = ""
	default:
		order = `updated DESC, num DESC`
	}
	where, args := s.where(sel)
	args = append(append(slices.Clone(args), orderArgs...), limit, offset)
	return `SELECT num FROM ` + from + where + ` ORDER BY ` + order + ` LIMIT ? OFFSET ?`, args
}

// facets counts every dimension over the hits; a dimension that the query
// narrows is counted without that.
func (s *Store) facets(ctx context.Context, q search.Query) (search.Facets, error) {
	counts, err := s.countTerms(ctx, q)
	if err != nil {
		return nil, err
	}
	facets := search.Facets{}
	for _, d := range search.Dimensions() {
		values := counts[d]
		if len(q.Values(d)) > 0 {
			wider, err := s.countTerms(ctx, q.With(d))
			if err != nil {
				return nil, err
			}
			values = wider[d]
		}
		facets[d] = sortCounts(values)
	}
	return facets, nil
}

func (s *Store) countTerms(ctx context.Context, q search.Query) (map[search.Dimension]map[string]int, error) {
	where, args := s.where(s.selection(q))
	rows, err := s.queryer().QueryxContext(ctx,
		s.rebind(`SELECT terms FROM initiatives`+where+` LIMIT ?`), append(slices.Clone(args), search.MaxFacetHits)...)
	if err != nil {
		return nil, fmt.Errorf("count facets: %w", err)
	}
	defer rows.Close()
	lists := map[string]int{} // entries of one city and form repeat each other
	var terms string
	for rows.Next() {
		if err := rows.Scan(&terms); err != nil {
			return nil, fmt.Errorf("count facets: %w", err)
		}
		lists[terms]++
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count facets: %w", err)
	}
	counts := map[search.Dimension]map[string]int{}
	for terms, n := range lists {
		search.CountTerms(counts, terms, n)
	}
	return counts, nil
}

func sortCounts(values map[string]int) []search.Count {
	counts := make([]search.Count, 0, len(values))
	for _, value := range slices.Sorted(maps.Keys(values)) {
		counts = append(counts, search.Count{Value: value, Count: values[value]})
	}
	slices.SortStableFunc(counts, func(a, b search.Count) int { return b.Count - a.Count })
	return counts
}

// Each calls visit with every hit of the query, in the order of their numbers,
// reading a batch at a time; visit's error ends it.
func (s *Store) Each(ctx context.Context, q search.Query, visit func(*directory.Initiative) error) error {
	const batch = 500
	sel := s.selection(q)
	for last := int64(0); ; {
		next := sel
		next.conditions, next.args = slices.Clone(sel.conditions), slices.Clone(sel.args)
		next.add(`num > ?`, last)
		where, args := s.where(next)
		rows, err := many[initiativeRow](ctx, s, "entries",
			`SELECT `+initiativeColumns+` FROM initiatives`+where+` ORDER BY num LIMIT ?`, append(args, batch)...)
		if err != nil {
			return err
		}
		for k := range rows {
			i, err := rows[k].initiative()
			if err != nil {
				return err
			}
			if err := visit(i); err != nil {
				return err
			}
			last = rows[k].Num
		}
		if len(rows) < batch {
			return nil
		}
	}
}

// Version returns a number that changes with every change of what search
// shows, on this database.
func (s *Store) Version(ctx context.Context) (int64, error) {
	return s.counter(ctx, "version")
}

// PlaceNamed returns the middle of the published entries whose locality has the
// name, accents and case aside, or directory.ErrNotFound.
func (s *Store) PlaceNamed(ctx context.Context, name string) (*directory.Point, error) {
	folded := search.Fold(strings.TrimSpace(name))
	if folded == "" {
		return nil, fmt.Errorf("place %q: %w", name, directory.ErrNotFound)
	}
	rows, err := many[struct {
		Latitude  float64 `db:"latitude"`
		Longitude float64 `db:"longitude"`
	}](ctx, s, "place "+name, `SELECT latitude, longitude FROM initiatives
		WHERE locality_folded = ? AND state = 'published' AND latitude IS NOT NULL
		ORDER BY num LIMIT 1000`, folded)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("place %s: %w", name, directory.ErrNotFound)
	}
	// The median keeps a namesake on another continent from pulling the middle
	// into the sea.
	latitudes, longitudes := make([]float64, len(rows)), make([]float64, len(rows))
	for k, r := range rows {
		latitudes[k], longitudes[k] = r.Latitude, r.Longitude
	}
	slices.Sort(latitudes)
	slices.Sort(longitudes)
	return &directory.Point{Latitude: latitudes[len(rows)/2], Longitude: longitudes[len(rows)/2]}, nil
}
