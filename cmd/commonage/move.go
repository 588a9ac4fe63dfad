package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
)

// client returns what makes the instance's requests to others.
func (in *instance) client(a *app, log *slog.Logger) *client.Client {
	c := in.config
	return client.New(client.Options{
		UserAgent: "Commonage/" + readBuild().version + " (+" + c.Instance().URL("/") + ")", Scheme: c.Scheme,
		AllowPrivate: c.AllowPrivateAddresses, Log: log, Now: a.now,
	})
}

func newInitiativeMove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "move HANDLE NEW-ACTOR",
		Short: "Say that an initiative is on another instance now",
		Long: "Say that an initiative is on another instance now. NEW-ACTOR is its address there, as a\n" +
			"web address or @handle@host. Over there it must say first that it was this one:\n" +
			"'commonage initiative edit HANDLE --also-known-as THIS-ADDRESS'. Its followers go along\n" +
			"by themselves, it leaves this directory, and its page here leads to the new one. It may\n" +
			"move again after a week.",
		Example: "  commonage initiative move instrumentheek https://antwerp.example/initiatives/instrumentheek",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return a.moveInitiative(cmd.Context(), in, args[0], args[1])
			})
		},
	}
}

func (a *app) moveInitiative(ctx context.Context, in *instance, handle, to string) error {
	old := in.config.Instance().InitiativeID(handle)
	keys, err := federation.LoadKeys(ctx, in.store)
	if err != nil {
		return err
	}
	c := in.client(a, a.logger(in.config))
	defer c.Close()
	c.SetKey(new(keys.For(in.config.Instance().ActorID())))
	target, err := federation.MoveTarget(ctx, c, old, to)
	if err != nil {
		return err
	}
	if err := in.curator(a).Move(ctx, handle, target); err != nil {
		return explain(err, "initiative "+handle)
	}
	return a.printf("%s is now %s\n", old, target)
}

func setAliases(i *directory.Initiative, s string) error {
	i.AlsoKnownAs = splitList(s)
	for _, id := range i.AlsoKnownAs {
		if err := directory.ValidateURL("--also-known-as", id); err != nil {
			return err
		}
	}
	return nil
}
