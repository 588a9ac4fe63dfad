package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/search"
)

// newInitiativeCommand returns 'commonage initiative' and what it holds.
func newInitiativeCommand(a *app) *cobra.Command {
	return newGroup("initiative", "Publish, change and withdraw initiatives one by one",
		newInitiativeAdd(a), newInitiativeEdit(a), newInitiativePublish(a), newInitiativeWithdraw(a),
		newInitiativeMove(a), newInitiativeAdopt(a), newInitiativeShow(a), newInitiativeList(a))
}

// entryField is one flag that describes an initiative.
type entryField struct {
	name, value, help string
	set               func(i *directory.Initiative, s string) error
}

// entryFields lists what add and edit can say; lists are separated by commas.
func entryFields() []entryField {
	text := func(field func(*directory.Initiative) *string) func(*directory.Initiative, string) error {
		return func(i *directory.Initiative, s string) error {
			*field(i) = strings.TrimSpace(s)
			return nil
		}
	}
	return []entryField{
		{"name", "NAME", "what it is called", text(func(i *directory.Initiative) *string { return &i.Name })},
		{"summary", "TEXT", "one or two plain sentences", text(func(i *directory.Initiative) *string { return &i.Summary })},
		{"description", "MARKDOWN", "a longer description", text(func(i *directory.Initiative) *string { return &i.Description })},
		{"form", "SLUGS", "its seed forms, the main one first, such as tool-library,repair-cafe", setForms},
		{"kind", "KIND", "of commons, if not that of the main form: urban, productive, knowledge, natural or migrant", setKind},
		{"role", "ROLE", "community, livelihood, infrastructure or partner-institution", func(i *directory.Initiative, s string) (err error) {
			i.Role, err = directory.ParseWord("--role", s, directory.Roles())
			return err
		}},
		{"status", "STATUS", "planned, active, paused or ended", func(i *directory.Initiative, s string) (err error) {
			i.Status, err = directory.ParseWord("--status", s, directory.Statuses())
			return err
		}},
		{"scope", "SCOPE", "local, regional, national or international", func(i *directory.Initiative, s string) (err error) {
			i.Scope, err = directory.ParseWord("--scope", s, directory.Scopes())
			return err
		}},
		{"tags", "WORDS", "free words", func(i *directory.Initiative, s string) error { i.Tags = splitList(s); return nil }},
		{"offers", "PHRASES", "what it has for others, such as 'cargo bike,workshop space'", func(i *directory.Initiative, s string) error {
			i.Offers = directory.Phrases(splitList(s))
			return nil
		}},
		{"needs", "PHRASES", "what it looks for, likewise", func(i *directory.Initiative, s string) error {
			i.Needs = directory.Phrases(splitList(s))
			return nil
		}},
		{"languages", "CODES", "spoken there, the main one first, such as nl,en", setLanguages},
		{"founded", "DATE", "2016, 2016-05 or 2016-05-21", text(func(i *directory.Initiative) *string { return &i.Founded })},
		{"website", "URL", "its web site", setWebsite},
		{"address", "TEXT", "street and number", text(func(i *directory.Initiative) *string { return &i.Place.Address })},
		{"postcode", "CODE", "", text(func(i *directory.Initiative) *string { return &i.Place.Postcode })},
		{"locality", "NAME", "village, town or city", text(func(i *directory.Initiative) *string { return &i.Place.Locality })},
		{"region", "NAME", "", text(func(i *directory.Initiative) *string { return &i.Place.Region })},
		{"country", "COUNTRY", "a name in any language, or a code such as BE", setCountry},
		{"also-known-as", "NAMES", "the actors that it was before, elsewhere: web addresses or @handle@host", setAliases},
		{"at", "LAT,LON", "where it is on the map, in degrees", setPoint},
	}
}

func splitList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func setLanguages(i *directory.Initiative, s string) error {
	i.Languages = splitList(s)
	for _, tag := range i.Languages {
		if err := directory.ValidateLanguage("--languages", tag); err != nil {
			return err
		}
	}
	return nil
}

func setForms(i *directory.Initiative, s string) error {
	i.Forms = splitList(s)
	for _, slug := range i.Forms {
		if _, ok := directory.FormBySlug(slug); !ok {
			return directory.Invalidf("--form", "%q is not a seed form; /forms lists them", slug)
		}
	}
	// The kind and the currents follow from the forms.
	i.Kind, i.Currents = "", nil
	return nil
}

func setKind(i *directory.Initiative, s string) (err error) {
	i.Kind, err = directory.ParseKind("--kind", s)
	return err
}

func setWebsite(i *directory.Initiative, s string) error {
	if err := directory.ValidateURL("--website", s); err != nil {
		return err
	}
	site := directory.Link{Name: "Website", URL: s}
	if len(i.Links) == 0 {
		i.Links = []directory.Link{site}
	} else {
		i.Links = append([]directory.Link{site}, i.Links[1:]...)
	}
	return nil
}

func setCountry(i *directory.Initiative, s string) error {
	code, ok := new(exchange.Countries).Code(s)
	if !ok {
		return directory.Invalidf("--country", "%q is not a country", s)
	}
	i.Place.Country = code
	return nil
}

// addEntryFlags gives a command a flag for each field and returns what applies
// those that were given.
func addEntryFlags(flags *pflag.FlagSet) func(*directory.Initiative) error {
	fields := entryFields()
	for _, f := range fields {
		flags.String(f.name, "", strings.TrimSpace("`"+f.value+"` "+f.help))
	}
	return func(i *directory.Initiative) error {
		for _, f := range fields {
			if given := flags.Lookup(f.name); given.Changed {
				if err := f.set(i, given.Value.String()); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func newInitiativeAdd(a *app) *cobra.Command {
	handle, draft := "", false
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Publish a new initiative",
		Long: "Publish a new initiative. It gets a page, a fediverse address that anyone can follow,\n" +
			"and a first post that introduces it. Its handle is made of its name if none is given.",
		Example: "  commonage initiative add --name Instrumentheek --form tool-library \\\n" +
			"    --summary 'Borrow a drill instead of buying one.' --locality Ghent --country BE --at 51.05,3.72",
		Args: cobra.NoArgs,
	}
	apply, logo := addEntryFlags(cmd.Flags()), addLogoFlags(cmd.Flags())
	cmd.Flags().StringVar(&handle, "handle", "", "`HANDLE` of its address, 1 to 30 of a-z, 0-9 and _")
	cmd.Flags().BoolVar(&draft, "draft", false, "store it without publishing it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withInstance(cmd.Context(), func(in *instance) error {
			if err := a.findAliases(cmd.Context(), in, cmd.Flags()); err != nil {
				return err
			}
			i := &directory.Initiative{}
			if err := apply(i); err != nil {
				return err
			}
			if i.Handle = handle; i.Handle == "" {
				i.Handle = exchange.Handle(i.Name)
			}
			setLogo, err := logo.takeIn(cmd.Context(), a, in)
			if err != nil {
				return err
			}
			setLogo(i)
			if err := a.addInitiative(cmd.Context(), in, i, draft); err != nil {
				return err
			}
			return logo.stay(cmd.Context(), a, in)
		})
	}
	return cmd
}

func (a *app) addInitiative(ctx context.Context, in *instance, i *directory.Initiative, draft bool) error {
	store := in.curator(a).Publish
	if draft {
		store = in.curator(a).Draft
	}
	if err := store(ctx, i); errors.Is(err, directory.ErrConflict) {
		return fmt.Errorf("the handle %s is taken; give another one with --handle", i.Handle)
	} else if err != nil {
		return err
	}
	return a.printf("%s\n@%s\n", i.ID, in.config.Instance().Acct(i))
}

func newInitiativeEdit(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "edit HANDLE",
		Short: "Change what a published initiative says",
		Long: "Change what a published initiative says. Only what is given changes; an empty value\n" +
			"clears it. Followers and other instances are told.",
		Example: "  commonage initiative edit instrumentheek --summary 'Six hundred tools to borrow.'\n" +
			"  commonage initiative edit instrumentheek --image logo.png --image-alt 'A saw and a drill, crossed'",
		Args: cobra.ExactArgs(1),
	}
	apply, logo := addEntryFlags(cmd.Flags()), addLogoFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withInstance(cmd.Context(), func(in *instance) error {
			if err := a.findAliases(cmd.Context(), in, cmd.Flags()); err != nil {
				return err
			}
			setLogo, err := logo.takeIn(cmd.Context(), a, in)
			if err != nil {
				return err
			}
			i, err := in.curator(a).Edit(cmd.Context(), args[0], func(i *directory.Initiative) error {
				setLogo(i)
				return apply(i)
			})
			if err != nil {
				return explain(err, "initiative "+args[0])
			}
			if err := logo.stay(cmd.Context(), a, in); err != nil {
				return err
			}
			return a.printf("%s, revision %d\n", i.ID, i.Revision)
		})
	}
	return cmd
}

func newInitiativePublish(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "publish HANDLE...",
		Short:   "Publish drafts",
		Example: "  commonage initiative publish instrumentheek fietskeuken",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.each("draft", func(ctx context.Context, in *instance, handle string) (string, error) {
			i, err := in.store.Initiative(ctx, in.config.Instance().InitiativeID(handle))
			if err != nil {
				return "", err
			}
			return handle + " is published at " + i.ID, in.curator(a).Publish(ctx, i)
		}),
	}
}

func newInitiativeWithdraw(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "withdraw HANDLE",
		Short: "Take an initiative out of the directory for good",
		Long: "Take an initiative out of the directory for good. Its followers and other instances\n" +
			"are told to forget it, its posts and pictures are deleted, and its handle is never given\n" +
			"to another one.",
		Example: "  commonage initiative withdraw instrumentheek",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.curator(a).Withdraw(cmd.Context(), args[0]), "initiative "+args[0])
			})
		},
	}
}

func newInitiativeShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show HANDLE",
		Short:   "Print what is stored of an initiative, as JSON",
		Example: "  commonage initiative show instrumentheek",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				i, err := in.store.Initiative(cmd.Context(), in.config.Instance().InitiativeID(args[0]))
				if err != nil {
					return explain(err, "initiative "+args[0])
				}
				text, err := json.MarshalIndent(i, "", "  ")
				if err != nil {
					return fmt.Errorf("print %s: %w", args[0], err)
				}
				return a.printf("%s\n", text)
			})
		},
	}
}

func newInitiativeList(a *app) *cobra.Command {
	state := string(directory.Published)
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List this instance's initiatives",
		Example: "  commonage initiative list\n  commonage initiative list --state draft",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stages := []directory.State{directory.Draft, directory.Published, directory.Moved, directory.Withdrawn}
			stage, err := directory.ParseWord("--state", state, stages)
			if err != nil {
				return err
			}
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return a.listInitiatives(cmd.Context(), in, stage)
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", state, "draft, published, moved or withdrawn")
	return cmd
}

func (a *app) listInitiatives(ctx context.Context, in *instance, stage directory.State) error {
	const batch = 500
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for after := ""; ; {
		list, err := in.store.OwnInitiatives(ctx, in.config.Host, stage, after, batch)
		if err != nil {
			return err
		}
		for _, i := range list {
			after = i.Handle
			if err := row(w, i.Handle, i.Name, i.MainForm(), i.Place.Locality); err != nil {
				return err
			}
		}
		if len(list) < batch {
			return w.Flush()
		}
	}
}

func setPoint(i *directory.Initiative, s string) (err error) {
	i.Place.Point, err = search.ParsePoint("--at", s)
	return err
}
