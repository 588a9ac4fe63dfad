package store

import "context"

// Heirs returns the carried entries that say they were another initiative before:
// ids of the new by ids of the old.
func (s *Store) Heirs(ctx context.Context) (map[string]string, error) {
	rows, err := many[struct {
		ID    string `db:"id"`
		Known string `db:"also_known_as"`
	}](ctx, s, "heirs", `SELECT id, also_known_as FROM initiatives
		WHERE NOT own AND state = 'published' AND also_known_as <> '' ORDER BY id`)
	if err != nil {
		return nil, err
	}
	heirs := map[string]string{}
	for _, r := range rows {
		var known []string
		if err := decode(r.Known, &known); err != nil {
			return nil, err
		}
		for _, old := range known {
			if heirs[old] == "" {
				heirs[old] = r.ID
			}
		}
	}
	return heirs, nil
}
