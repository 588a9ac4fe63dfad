package store

import (
	"context"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// Heirs returns the carried entries that say they were an initiative before whose
// id begins with the prefix. Anybody can say so of their own entries.
func (s *Store) Heirs(ctx context.Context, prefix string) ([]directory.Heir, error) {
	rows, err := many[struct {
		ID    string `db:"id"`
		Known string `db:"also_known_as"`
	}](ctx, s, "heirs", `SELECT id, also_known_as FROM initiatives
		WHERE NOT own AND state = 'published' AND also_known_as <> '' ORDER BY id`)
	if err != nil {
		return nil, err
	}
	var heirs []directory.Heir
	for _, r := range rows {
		var known []string
		if err := decode(r.Known, &known); err != nil {
			return nil, err
		}
		for _, old := range known {
			if strings.HasPrefix(old, prefix) {
				heirs = append(heirs, directory.Heir{Old: old, ID: r.ID})
			}
		}
	}
	return heirs, nil
}
