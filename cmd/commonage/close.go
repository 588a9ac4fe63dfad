package main

import (
	"context"

	"github.com/spf13/cobra"
)

// newCloseCommand returns 'commonage close'.
func newCloseCommand(a *app) *cobra.Command {
	forGood := false
	c := &cobra.Command{
		Use:   "close --for-good",
		Short: "End this instance's directory: move or withdraw every initiative and say goodbye",
		Long: "End this instance's directory. Initiatives that another instance has adopted, as its\n" +
			"entries carried here say, move there with their followers; all others are withdrawn, and\n" +
			"everyone who follows the directory is told. This cannot be taken back. Export first:\n" +
			"'commonage export'. Leave the server running until 'commonage delivery list' is empty,\n" +
			"for a week at most.",
		Example: "  commonage close --for-good",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !forGood {
				return usagef("this withdraws every initiative and cannot be taken back; say so with --for-good")
			}
			return a.withInstance(cmd.Context(), func(in *instance) error {
				moved, withdrawn, err := in.curator(a).Close(cmd.Context())
				if err != nil {
					return err
				}
				return a.printf("%d moved, %d withdrawn. The server will tell everyone; leave it running for some days.\n", moved, withdrawn)
			})
		},
	}
	c.Flags().BoolVar(&forGood, "for-good", false, "confirm that it ends")
	return c
}

func newInitiativeAdopt(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "adopt ADDRESS...",
		Short: "Publish here initiatives that are carried from another instance, as when that one closes",
		Long: "Publish here initiatives that are carried from another instance, as when that one closes.\n" +
			"The new entry says that it was the old one. Over there, 'commonage close' or 'commonage\n" +
			"initiative move' then brings its followers here; until that both exist.",
		Example: "  commonage initiative adopt https://antwerp.example/initiatives/instrumentheek",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("initiative", func(ctx context.Context, in *instance, id string) (string, error) {
			i, err := in.curator(a).Adopt(ctx, id)
			if err != nil {
				return "", err
			}
			return id + " is adopted as " + i.ID, nil
		}),
	}
}
