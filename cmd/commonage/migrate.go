package main

import (
	"errors"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory/store"
)

// newMigrateCommand returns 'commonage migrate'.
func newMigrateCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to this version of the program",
		Long: "Bring the database up to this version of the program. Every other command does so\n" +
			"too when it starts; this one does nothing else and says what it did. Make a backup\n" +
			"first: there is no way back.",
		Example: "  commonage migrate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.settings()
			if err != nil {
				return err
			}
			s, err := store.Open(cmd.Context(), c.DatabaseDSN())
			if err != nil {
				return err
			}
			n, err := s.Migrate(cmd.Context())
			if err := errors.Join(err, s.Close()); err != nil {
				return err
			}
			if n == 0 {
				return a.printf("The database is up to date.\n")
			}
			return a.printf("Ran %d migrations.\n", n)
		},
	}
}
