package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
)

// client returns what makes the instance's requests to others, and none to who is
// blocked.
func (in *instance) client(a *app, log *slog.Logger) *client.Client {
	c := in.config
	requests := client.New(client.Options{
		UserAgent: "Commonage/" + readBuild().version + " (+" + c.Instance().URL("/") + ")", Scheme: c.Scheme,
		AllowPrivate: c.AllowPrivateAddresses, Log: log, Now: a.now,
	})
	requests.SetGate(federation.Gate(in.store))
	return requests
}

// signingClient returns a client for a command; the caller closes it.
func (in *instance) signingClient(ctx context.Context, a *app) (*client.Client, error) {
	if _, err := federation.EnsureKeys(ctx, in.store, a.now()); err != nil {
		return nil, err
	}
	keys, err := federation.LoadKeys(ctx, in.store)
	if err != nil {
		return nil, err
	}
	c := in.client(a, a.logger(in.config))
	c.SetKey(new(keys.For(in.config.Instance().ActorID())))
	return c, nil
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

func (a *app) moveInitiative(ctx context.Context, in *instance, name, to string) error {
	handle := in.handle(name)
	if err := in.curator(a).CheckMove(ctx, handle); err != nil {
		return explain(err, "initiative "+name)
	}
	c, err := in.signingClient(ctx, a)
	if err != nil {
		return err
	}
	defer c.Close()
	old := in.config.Instance().InitiativeID(handle)
	target, err := federation.MoveTarget(ctx, c, old, to)
	if err != nil {
		return err
	}
	if err := in.curator(a).Move(ctx, handle, target); err != nil {
		return explain(err, "initiative "+name)
	}
	return a.printf("%s is now %s\n", old, target)
}

// findAliases writes into --also-known-as, if it is given, the ids of the actors
// that are named there by their handles.
func (a *app) findAliases(ctx context.Context, in *instance, flags *pflag.FlagSet) error {
	given := flags.Lookup("also-known-as")
	list := splitList(given.Value.String())
	if !slices.ContainsFunc(list, isHandle) {
		return nil
	}
	c, err := in.signingClient(ctx, a)
	if err != nil {
		return err
	}
	defer c.Close()
	for k, name := range list {
		if !isHandle(name) {
			continue
		}
		if list[k], err = c.Resolve(ctx, name); err != nil {
			return fmt.Errorf("--also-known-as: %w", err)
		}
	}
	return given.Value.Set(strings.Join(list, ","))
}

// isHandle reports whether the name of an actor is @user@host, and no address.
func isHandle(name string) bool {
	return !strings.Contains(name, "://") && strings.Contains(strings.TrimPrefix(name, "@"), "@")
}

func setAliases(i *directory.Initiative, s string) error {
	i.AlsoKnownAs = splitList(s)
	for _, id := range i.AlsoKnownAs {
		if directory.ValidateURL("", id) != nil {
			return directory.Invalidf("--also-known-as", "%q is neither a web address nor @handle@host", id)
		}
	}
	return nil
}
