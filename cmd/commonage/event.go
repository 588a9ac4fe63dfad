package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/search"
)

// newEventCommand returns 'commonage event'.
func newEventCommand(a *app) *cobra.Command {
	var pictures pictures
	cmd := &cobra.Command{
		Use:   "event HANDLE",
		Short: "Invite the followers of an initiative to an event",
		Long: "Invite the followers of one of this instance's initiatives to an event. Times are those\n" +
			"of clocks in the time zone. The place is that of the initiative unless another one or\n" +
			"--online is given. 'commonage post' deletes and pins events too.\n\n" + pictureHelp,
		Example: "  commonage event instrumentheek --name 'Sharpening day' --start '2026-12-05 14:00' --end '2026-12-05 17:00' \\\n" +
			"    --timezone Europe/Brussels --text 'Bring knives.'\n" +
			"  commonage event instrumentheek --name 'Meeting' --start '2026-12-09 20:00' --timezone Europe/Brussels \\\n" +
			"    --online https://meet.example/tools",
		Args: cobra.ExactArgs(1),
	}
	apply := addEventFlags(cmd.Flags())
	pictures.addFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p := &directory.Post{Event: &directory.Event{Status: directory.EventScheduled}}
		if err := apply(p); err != nil {
			return err
		}
		if p.Event.Place == nil && p.Event.Online == "" {
			err := a.withInstance(cmd.Context(), func(in *instance) error {
				i, err := in.store.InitiativeByHandle(cmd.Context(), in.config.Host, in.handle(args[0]))
				if err == nil && i.Place != (directory.Place{}) {
					p.Event.Place = &i.Place
				}
				return explain(err, "initiative "+args[0])
			})
			if err != nil {
				return err
			}
		}
		return a.publish(cmd.Context(), args[0], p, &pictures)
	}
	cmd.AddCommand(newEventEdit(a))
	return cmd
}

// newEventEdit returns 'commonage event edit'.
func newEventEdit(a *app) *cobra.Command {
	var pictures pictures
	cmd := &cobra.Command{
		Use:     "edit URL",
		Short:   "Change an event, or call it off",
		Long:    "Change an event. Only what is given changes. Everyone who was invited is told.\n\n" + pictureEditHelp,
		Example: "  commonage event edit https://ghent.example/initiatives/x/posts/01J... --status cancelled",
		Args:    cobra.ExactArgs(1),
	}
	apply := addEventFlags(cmd.Flags())
	pictures.addFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := postID(args[0])
		if err != nil {
			return err
		}
		return a.editPost(cmd.Context(), id, &pictures, func(p *directory.Post) error {
			if p.Event == nil {
				return directory.Invalidf("URL", "is not an event; 'commonage post edit' changes it")
			}
			return apply(p)
		})
	}
	return cmd
}

// eventField is one flag that describes an event.
type eventField struct {
	name, value, help string
	set               func(p *directory.Post, s string) error
}

func eventFields() []eventField {
	place := func(field func(*directory.Place) *string) func(*directory.Post, string) error {
		return func(p *directory.Post, s string) error {
			*field(placeOf(p.Event)) = strings.TrimSpace(s)
			return nil
		}
	}
	return []eventField{ // the time zone first: the times are in it
		{"timezone", "ZONE", "of the times, such as Europe/Brussels", setTimezone},
		{"name", "NAME", "what it is called", func(p *directory.Post, s string) error { p.Event.Name = strings.TrimSpace(s); return nil }},
		{"start", "TIME", "when it begins: '2026-12-05 14:00'", func(p *directory.Post, s string) (err error) {
			p.Event.Start, err = parseLocal("--start", p.Event, s)
			return err
		}},
		{"end", "TIME", "when it ends, if that is known", func(p *directory.Post, s string) (err error) {
			p.Event.End, err = parseLocal("--end", p.Event, s)
			return err
		}},
		{"text", "TEXT", "what it is about; plain text as in 'commonage post'", func(p *directory.Post, s string) error { p.Text = s; return nil }},
		{"language", "LANGUAGE", "of the text, such as nl; the instance's if not given", func(p *directory.Post, s string) error { p.Language = s; return nil }},
		{"online", "URL", "where it is on the web", func(p *directory.Post, s string) error { p.Event.Online = strings.TrimSpace(s); return nil }},
		{"place", "NAME", "of the venue, if it is elsewhere", place(func(p *directory.Place) *string { return &p.Name })},
		{"address", "TEXT", "street and number", place(func(p *directory.Place) *string { return &p.Address })},
		{"postcode", "CODE", "", place(func(p *directory.Place) *string { return &p.Postcode })},
		{"locality", "NAME", "village, town or city", place(func(p *directory.Place) *string { return &p.Locality })},
		{"country", "COUNTRY", "a name in any language, or a code such as BE", func(p *directory.Post, s string) error {
			code, ok := new(exchange.Countries).Code(s)
			if !ok {
				return directory.Invalidf("--country", "%q is not a country", s)
			}
			placeOf(p.Event).Country = code
			return nil
		}},
		{"at", "LAT,LON", "where it is on the map, in degrees", func(p *directory.Post, s string) (err error) {
			placeOf(p.Event).Point, err = search.ParsePoint("--at", s)
			return err
		}},
		{"status", "STATUS", "scheduled, tentative or cancelled", func(p *directory.Post, s string) (err error) {
			p.Event.Status, err = directory.ParseWord("--status", s, directory.EventStatuses())
			return err
		}},
	}
}

// placeOf returns the event's own place to write to. What shares it stays.
func placeOf(e *directory.Event) *directory.Place {
	place := directory.Place{}
	if e.Place != nil {
		place = *e.Place
	}
	e.Place = &place
	return e.Place
}

// addEventFlags gives a command a flag for each field and returns what applies
// those that were given.
func addEventFlags(flags *pflag.FlagSet) func(*directory.Post) error {
	fields := eventFields()
	for _, f := range fields {
		flags.String(f.name, "", strings.TrimSpace("`"+f.value+"` "+f.help))
	}
	return func(p *directory.Post) error {
		for _, f := range fields {
			if given := flags.Lookup(f.name); given.Changed {
				if err := f.set(p, given.Value.String()); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// setTimezone moves the event to another zone: its clocks show the same.
func setTimezone(p *directory.Post, s string) error {
	e := p.Event
	old := *e
	e.Timezone = strings.TrimSpace(s)
	zone, err := time.LoadLocation(e.Timezone)
	if err != nil || e.Timezone == "" || e.Timezone == "Local" {
		return directory.Invalidf("--timezone", "%q is not a time zone such as Europe/Brussels", s)
	}
	for _, t := range []*time.Time{&e.Start, &e.End} {
		if !t.IsZero() {
			y, m, d := old.Local(*t).Date()
			hour, minute, second := old.Local(*t).Clock()
			*t = time.Date(y, m, d, hour, minute, second, 0, zone).UTC()
		}
	}
	return nil
}

// parseLocal reads a time as clocks in the event's zone show it. "" is none.
func parseLocal(flag string, e *directory.Event, s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, nil
	}
	zone, err := time.LoadLocation(e.Timezone)
	if err != nil || e.Timezone == "" {
		return time.Time{}, usagef("%s needs --timezone, such as Europe/Brussels", flag)
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, directory.Invalidf(flag, "%q is not a date and time such as '2026-12-05 14:00'", s)
}
