package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/directory/web"
	"codeberg.org/commonage/commonage/templates"
)

// noon is when everything in these tests happens.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func ghent() directory.Instance {
	return directory.Instance{
		Host: "ghent.example", Scheme: "https", Name: "Commonage Ghent", Description: "Who shares what in Ghent.",
		Language: "en", Locality: "Ghent", Country: "BE", Point: &directory.Point{Latitude: 51.05, Longitude: 3.72},
	}
}

// handler returns the pages of an instance over a store.
func handler(t testing.TB, in directory.Instance, s *store.Store) http.Handler {
	t.Helper()
	set, err := templates.New()
	if err != nil {
		t.Fatalf("parse templates: %v", err)
	}
	server, err := web.New(web.Options{
		Instance: in, Store: s, Templates: set, Logger: slog.New(slog.DiscardHandler), Now: noon, Version: "0.1.0",
	})
	if err != nil {
		t.Fatalf("make server: %v", err)
	}
	return server.Handler()
}

// full returns the pages of Ghent with entries of its own and carried ones.
func full(t testing.TB) http.Handler {
	t.Helper()
	s := storetest.Open(t)
	fill(t, s)
	return handler(t, ghent(), s)
}

func empty(t testing.TB) http.Handler {
	t.Helper()
	return handler(t, directory.Instance{Host: "new.example", Scheme: "https", Name: "A new one"}, storetest.Open(t))
}

// entry returns an initiative with what pages show of it.
func entry(origin, handle, name string, at *directory.Point, change func(*directory.Initiative)) *directory.Initiative {
	i := &directory.Initiative{
		ID: "https://" + origin + "/initiatives/" + handle, Handle: handle, Origin: origin, Name: name,
		Summary: "What " + name + " does, in a line.", Forms: []string{"repair-cafe"}, Kind: directory.Urban,
		Role: directory.Community, Currents: []directory.Current{directory.Share, directory.Care},
		Place: directory.Place{Locality: "Ghent", Country: "BE", Point: at},
		State: directory.Published, Published: noon(), Updated: noon(), Revision: 1,
	}
	if change != nil {
		change(i)
	}
	return i
}

func at(lat, lon float64) *directory.Point { return &directory.Point{Latitude: lat, Longitude: lon} }

func entries() []*directory.Initiative {
	return []*directory.Initiative{
		entry("ghent.example", "repaircafe", "Repair Café Ledeberg", at(51.037, 3.74), func(i *directory.Initiative) {
			i.Description = "# Come by\n\nBring a *broken* thing.\n\n<script>alert(1)</script>\n\n- [us](https://repair.example)\n- [bad](javascript:alert(1))\n\n![no](https://spy.example/x.png)"
			i.Languages, i.Founded, i.Tags = []string{"nl", "en"}, "2016-05", []string{"mending", "coffee & cake"}
			i.Offers, i.Needs = []string{"Soldering iron", "<spare> parts"}, []string{"dry room"}
			i.Links = []directory.Link{{Name: "Website", URL: "https://www.repair.example/"}}
			i.Image = &directory.Image{URL: "https://spy.example/photo.jpg", Alt: "A lamp"}
			i.Source = directory.Source{Name: "The list", URL: "https://list.example/7", Licence: "CC-BY-4.0", Attribution: "List people"}
			i.Place.Address, i.Place.Postcode = "Hundelgemsesteenweg 1", "9050"
		}),
		entry("ghent.example", "tools", "Instrumentheek", at(51.055, 3.73), func(i *directory.Initiative) { i.Forms = []string{"tool-library"} }),
		entry("ghent.example", "nowhere", "Wiki without a place", nil, func(i *directory.Initiative) {
			i.Kind, i.Forms, i.Role, i.Currents, i.Place = directory.Knowledge, []string{"open-knowledge"}, "", nil, directory.Place{}
		}),
		entry("ghent.example", "bare", "Bare <b>name</b>", nil, func(i *directory.Initiative) {
			*i = directory.Initiative{
				ID: i.ID, Handle: i.Handle, Origin: i.Origin, Name: i.Name, State: i.State,
				Published: i.Published, Updated: i.Updated, Revision: 1,
			}
		}),
		entry("leuven.example", "maakleerplek", "Maakleerplek", at(50.88, 4.7), func(i *directory.Initiative) {
			i.Kind, i.Forms, i.Place.Locality = directory.Knowledge, []string{"fab-lab"}, "Leuven"
			i.Source = directory.Source{URL: "https://data.example/place/9", Attribution: "Mappers"} // without a name
		}),
		entry("manchester.example", "unicorn", "Unicorn food co-op", at(53.443, -2.276), func(i *directory.Initiative) {
			i.Kind, i.Forms, i.Place.Locality, i.Place.Country = directory.Productive, []string{"food-coop"}, "Manchester", "GB"
		}),
		entry("suva.example", "fiji", "Seed keepers of Suva", at(-18.14, 178.44), func(i *directory.Initiative) {
			i.Kind, i.Forms, i.Place.Locality, i.Place.Country = directory.Natural, []string{"seed-library"}, "Suva", "FJ"
		}),
	}
}

func fill(t testing.TB, s *store.Store) {
	t.Helper()
	ctx := context.Background()
	for _, i := range entries() {
		must(t, s.PutInitiative(ctx, i, ""))
	}
	gone := entry("ghent.example", "gone", "Gone", nil, func(i *directory.Initiative) { i.State = directory.Withdrawn })
	draft := entry("ghent.example", "draft", "Draft", nil, func(i *directory.Initiative) { i.State = directory.Draft })
	must(t, s.PutInitiative(ctx, gone, ""))
	must(t, s.PutInitiative(ctx, draft, ""))
	author := "https://ghent.example/initiatives/repaircafe"
	must(t, s.PutPost(ctx, &directory.Post{
		ID: author + "/posts/01HELLO", InitiativeID: author, Text: "The shed stays **ours**.\nThank you.", Language: "en",
		Attachments: []directory.Attachment{{File: "shed.png", MediaType: "image/png", Width: 640, Height: 480, Alt: "A tram shed"}},
		Pinned:      true, Published: noon(), Updated: noon().Add(time.Hour),
	}))
	must(t, s.PutPost(ctx, &directory.Post{ID: author + "/posts/01GONE", InitiativeID: author, Published: noon(), Updated: noon(), Deleted: true}))
	moved := entry("ghent.example", "moved", "Tool Shed", nil, func(i *directory.Initiative) {
		i.State, i.MovedTo = directory.Moved, "https://antwerp.example/initiatives/shed"
	})
	must(t, s.PutInitiative(ctx, moved, ""))
	must(t, s.PutPost(ctx, &directory.Post{
		ID: moved.ID + "/posts/01EVENT", InitiativeID: moved.ID, Text: "Bring knives.", Language: "en", Published: noon(), Updated: noon(),
		Event: &directory.Event{
			Name: "Sharpening day", Start: noon().AddDate(0, 1, 0), End: noon().AddDate(0, 1, 0).Add(3 * time.Hour), Timezone: "Europe/Brussels",
			Place: &directory.Place{Name: "The old dairy", Locality: "Ghent", Country: "BE"},
		},
	}))
	for _, p := range []directory.Peer{
		{Host: "leuven.example", ActorID: "https://leuven.example/directory", Name: "Leuven", Locality: "Leuven", Country: "BE", Point: at(50.88, 4.7), Wanted: true, State: directory.PeerFollowing, FollowsUs: true, Added: noon(), LastContact: noon(), Cursor: "https://leuven.example/directory/outbox?after=1", AsOf: noon().Add(-12 * time.Minute), Compared: noon().Add(-12 * time.Minute), MendedAt: noon().Add(-12 * time.Minute), Mended: 3, Listed: 4, Lacking: 3},
		{Host: "manchester.example", ActorID: "https://manchester.example/directory", Name: "Manchester", Point: at(53.48, -2.24), Wanted: true, State: directory.PeerRequested, Added: noon(), LastError: "It does not answer.", LastErrorAt: noon()},
		{Host: "lost.example", ActorID: "https://lost.example/directory", Name: "Lost", Wanted: true, State: directory.PeerFollowing, Added: noon(), Cursor: "https://lost.example/directory/outbox?after=1", LastContact: noon().Add(-40 * 24 * time.Hour), AsOf: noon().Add(-40 * 24 * time.Hour), Trouble: directory.TroubleAway, LastError: "lost.example does not answer in time.", LastErrorAt: noon(), FailingSince: noon().Add(-40 * 24 * time.Hour), Hidden: true},
		{Host: "long.example", ActorID: "https://long.example/directory", Name: "Long", Wanted: true, State: directory.PeerFollowing, Added: noon(), Backfill: "https://long.example/directory/outbox?before=1", Cursor: "https://long.example/directory/outbox?after=1", Read: 12300, Total: 100000, LastContact: noon()},
		{Host: "quiet.example", Wanted: true, State: directory.PeerSearching, Added: noon()},
		{Host: "silent.example", Name: "Silent", Point: at(48.2, 16.37), Wanted: true, State: directory.PeerRequested, Requested: noon().Add(-50 * time.Hour), Added: noon()},
		{Host: "closed.example", Name: "Closed", Wanted: true, State: directory.PeerRefused, Added: noon(), LastError: "It refused our request to follow its directory. Ask its operator to add ghent.example.", LastErrorAt: noon(), LastContact: noon().Add(-time.Hour)},
		{Host: "doubted.example", Name: "Doubted", Wanted: true, State: directory.PeerDoubted, Added: noon(), LastError: "doubted.example shows another key than before and did not announce it; see 'commonage peer trust --help'.", LastErrorAt: noon(), FailingSince: noon().Add(-time.Hour)},
		{Host: "shut.example", Name: "Shut", Wanted: true, State: directory.PeerFollowing, Added: noon(), Read: 3, Total: 3, AsOf: noon().Add(-2 * time.Hour), LastContact: noon().Add(-2 * time.Hour), Trouble: directory.TroubleRefused, LastError: "shut.example does not let us read its directory: it says “blocked by the operator of this instance”.", LastErrorAt: noon(), FailingSince: noon().Add(-time.Hour)},
		{Host: "admirer.example", Name: "Admirer", Point: at(40.4, -3.7), FollowsUs: true, Added: noon()},
		{Host: "shy.example", Name: "Shy", Wanted: true, State: directory.PeerFollowing, FollowsUs: true, Added: noon(), LastContact: noon(), Cursor: "https://shy.example/directory/outbox?after=1"},
	} {
		must(t, s.PutPeer(ctx, &p))
	}
	must(t, s.PutVouches(ctx, &store.Vouches{Voucher: "leuven.example", Hosts: []string{"manchester.example", "lost.example", "shy.example", "heard.example"}, Now: noon()}))
	must(t, s.PutVouches(ctx, &store.Vouches{Voucher: "lost.example", Hosts: []string{"leuven.example", "manchester.example"}, Now: noon()}))
	must(t, s.PutVouches(ctx, &store.Vouches{Voucher: "shy.example", Hosts: []string{"leuven.example"}, Now: noon()}))
	for host, state := range map[string]directory.CandidateState{
		"shy.example": directory.CandidateFollowed, "heard.example": directory.CandidateWaiting, "seen.example": directory.CandidateFound,
		"unfit.example": directory.CandidateUnfit, "spurned.example": directory.CandidateRefused,
	} {
		must(t, s.PutCandidate(ctx, &directory.Candidate{Host: host, Domain: host, State: state, Name: "Name of " + host, Found: noon(), Unlisted: host == "shy.example"}))
	}
	must(t, s.PutBlock(ctx, &directory.Block{Subject: "spam.example", Kind: directory.Blocked, Reason: "spam", Created: noon()}))
	must(t, s.PutUser(ctx, &directory.User{Name: "maria", Display: "Maria", Contact: "@maria@social.example", Role: directory.Admin, Created: noon()}))
	must(t, s.PutUser(ctx, &directory.User{Name: "jo", Contact: "jo@ghent.example", Role: directory.Editor, Created: noon()}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reply is the head of an answer.
type reply struct {
	StatusCode int
	Header     http.Header
}

// ask sends a request and returns the answer and its body.
func ask(t testing.TB, h http.Handler, method, path string, change func(*http.Request)) (reply, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, path, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header()}, w.Body.String()
}

func get(t testing.TB, h http.Handler, path string) (reply, string) {
	t.Helper()
	return ask(t, h, http.MethodGet, path, nil)
}

func postForm(t testing.TB, h http.Handler, path, body string, header map[string]string) (reply, string) {
	t.Helper()
	return ask(t, h, http.MethodPost, path, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range header {
			r.Header.Set(name, value)
		}
		r.Body = io.NopCloser(strings.NewReader(body))
	})
}
