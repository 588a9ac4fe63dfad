package store

import (
	"context"
	"slices"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// clusterRow is the entries of one kind in one cell of the map.
type clusterRow struct {
	Cell      int64   `db:"cluster"`
	Kind      string  `db:"kind"`
	Count     int     `db:"entries"`
	Latitude  float64 `db:"latitude"`
	Longitude float64 `db:"longitude"`
	Num       int64   `db:"num"`
}

// Tile returns what a tile of the map shows of the query, whatever box the query
// has itself.
func (s *Store) Tile(ctx context.Context, q search.Query, t search.Tile) ([]search.Cluster, error) {
	if !t.Valid() {
		return nil, directory.Invalidf("tile", "there is no tile %d/%d/%d", t.Z, t.X, t.Y)
	}
	q.Box = nil
	first, end := t.Range()
	return s.clusters(ctx, q, area{first, end}, t.Z)
}

// Clusters returns what a map of the query's box, or of the world, shows at a
// zoom.
func (s *Store) Clusters(ctx context.Context, q search.Query, zoom int) ([]search.Cluster, error) {
	first, end := search.Tile{}.Range()
	return s.clusters(ctx, q, area{first, end}, zoom)
}

// area is the cells from first up to before end.
type area struct{ first, end search.Cell }

func (s *Store) clusters(ctx context.Context, q search.Query, a area, zoom int) ([]search.Cluster, error) {
	question, x, err := s.question(ctx, q)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return s.clustersOfTables(ctx, q, a, zoom)
	}
	found := x.Clusters(question, a.first, a.end, zoom)
	clusters, single := make([]search.Cluster, len(found)), make([]int64, len(found))
	for k := range found {
		clusters[k], single[k] = found[k].Cluster, found[k].Num
	}
	return clusters, s.fillSingles(ctx, clusters, single)
}

// clustersOfTables is clusters by the tables alone.
func (s *Store) clustersOfTables(ctx context.Context, q search.Query, a area, zoom int) ([]search.Cluster, error) {
	sel := s.selection(q)
	sel.add(`cell >= ? AND cell < ?`, int64(a.first), int64(a.end))
	where, args := s.where(sel)
	rows, err := many[clusterRow](ctx, s, "map", `SELECT cell / ? AS cluster, kind, COUNT(*) AS entries,
		AVG(latitude) AS latitude, AVG(longitude) AS longitude, MAX(num) AS num
		FROM initiatives`+where+` GROUP BY 1, 2 ORDER BY 1, 2`,
		append([]any{search.ClusterSpan(zoom)}, args...)...)
	if err != nil {
		return nil, err
	}
	clusters, single := mergeKinds(rows)
	return clusters, s.fillSingles(ctx, clusters, single)
}

// mergeKinds joins the rows of each cell into one cluster; single holds the row
// number of the entry where a cluster has only one.
func mergeKinds(rows []clusterRow) (clusters []search.Cluster, single []int64) {
	for k := 0; k < len(rows); {
		c := search.Cluster{Kinds: map[directory.Kind]int{}}
		last := k
		for ; last < len(rows) && rows[last].Cell == rows[k].Cell; last++ {
			r := rows[last]
			c.Kinds[directory.Kind(r.Kind)] += r.Count
			c.Count += r.Count
			share := float64(r.Count) / float64(c.Count)
			c.Point.Latitude += (r.Latitude - c.Point.Latitude) * share
			c.Point.Longitude += (r.Longitude - c.Point.Longitude) * share
		}
		num := int64(0)
		if c.Count == 1 {
			num = rows[k].Num
		}
		clusters, single = append(clusters, c), append(single, num)
		k = last
	}
	return clusters, single
}

// fillSingles reads the entries that stand alone.
func (s *Store) fillSingles(ctx context.Context, clusters []search.Cluster, single []int64) error {
	const batch = 500
	at := map[int64]int{}
	var nums []int64
	for k, num := range single {
		if num != 0 {
			at[num] = k
			nums = append(nums, num)
		}
	}
	for part := range slices.Chunk(nums, batch) {
		rows, err := manyIn[initiativeRow](ctx, s, "map", `SELECT num, id, handle, origin, own, name, summary, forms, kind, locality
			FROM initiatives WHERE num IN (?)`, part)
		if err != nil {
			return err
		}
		for k := range rows {
			i, err := rows[k].initiative()
			if err != nil {
				return err
			}
			clusters[at[rows[k].Num]].Entry = i
		}
	}
	return nil
}
