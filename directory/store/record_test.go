package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestPosts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		const author = "https://ghent.example/initiatives/rad"
		post := func(n int) *directory.Post {
			at := noon.Add(time.Duration(n) * time.Minute)
			return &directory.Post{
				ID: fmt.Sprintf("%s/posts/%d", author, n), InitiativeID: author, Text: fmt.Sprint("Post ", n), Language: "nl",
				Published: at, Updated: at, Pinned: n == 1,
			}
		}
		for n := range 5 {
			ok(t, s.PutPost(ctx, post(n)))
		}
		full := post(2)
		full.Text, full.Updated = "Edited\n\x00", noon.Add(time.Hour)
		full.Attachments = []directory.Attachment{{File: "a.jpg", MediaType: "image/jpeg", Width: 3, Height: 2, Alt: "Déjà vu"}}
		full.Published = noon.Add(time.Hour) // which stays as it was
		ok(t, s.PutPost(ctx, full))
		full.Text, full.Published = "Edited\n", post(2).Published
		got, err := s.Post(ctx, full.ID)
		ok(t, err)
		same(t, "edited", full, got)
		gone := post(3)
		gone.Deleted = true
		ok(t, s.PutPost(ctx, gone))

		carried := initiative("carried")
		carried.Image = &directory.Image{URL: "https://ghent.example/media/b.jpg"}
		put(t, s, "", carried)
		for file, want := range map[string]bool{"a.jpg": true, "b.jpg": true, "c.jpg": false, "a.jp": false} {
			if used, err := s.PictureUsed(ctx, file); used != want || err != nil {
				t.Errorf("%s is used: %v, %v, want %v", file, used, err, want)
			}
		}

		ids := func(posts []directory.Post, err error) []int {
			t.Helper()
			ok(t, err)
			var out []int
			for _, p := range posts {
				n := 0
				_, err := fmt.Sscanf(p.ID, author+"/posts/%d", &n)
				ok(t, err)
				out = append(out, n)
			}
			return out
		}
		same(t, "newest", []int{4, 2, 1}, ids(s.Posts(ctx, author, 3)))
		same(t, "before", []int{1, 0}, ids(s.PostsBefore(ctx, author, post(2).Published, 9)))
		same(t, "pinned", []int{1}, ids(s.PinnedPosts(ctx, author)))
		same(t, "of another", nil, ids(s.Posts(ctx, author+"2", 3)))
		for id, want := range map[string]int{author: 4, "": 4, author + "2": 0} {
			n, err := s.CountPosts(ctx, id)
			if n != want || err != nil {
				t.Errorf("posts of %q: %d, %v, want %d", id, n, err, want)
			}
		}
		_, err = s.Post(ctx, "https://nowhere.example")
		wantErr(t, "a missing post", err, directory.ErrNotFound)
		pictures, err := s.RemovePosts(ctx, author)
		ok(t, err)
		same(t, "pictures that are left over", full.Attachments, pictures)
		_, err = s.Post(ctx, full.ID)
		wantErr(t, "a post of one that is gone", err, directory.ErrNotFound)
	})
}

func TestPeers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		full := &directory.Peer{
			Host: "b.example", ActorID: "https://b.example/directory", Name: "B", Inbox: "https://b.example/inbox",
			Locality: "Bee", Country: "BE", Point: &directory.Point{Latitude: 1, Longitude: 2}, Wanted: true,
			State: directory.PeerFollowing, FollowsUs: true, FollowID: "f", Added: noon, LastContact: noon.Add(time.Hour),
			LastError: "it \xff sent this", LastErrorAt: noon.Add(time.Minute), Backfill: "https://b.example/old", Cursor: "https://b.example/new",
			Read: 1, Total: 2, FailingSince: noon.Add(2 * time.Minute), Hidden: true, Trouble: directory.TroubleAway,
			Requested: noon.Add(3 * time.Minute), AsOf: noon.Add(4 * time.Minute), Compared: noon.Add(5 * time.Minute),
			MendedAt: noon.Add(6 * time.Minute), Mended: 3, Mending: 4, Listed: 5, Lacking: 6,
		}
		ok(t, s.PutPeer(ctx, full))
		full.LastError = "it \ufffd sent this"
		ok(t, s.PutPeer(ctx, &directory.Peer{Host: "a.example", Added: noon}))
		got, err := s.Peer(ctx, "b.example")
		ok(t, err)
		same(t, "peer", full, got)
		ok(t, s.UpdatePeer(ctx, "b.example", func(p *directory.Peer) error {
			p.Cursor, p.Point, p.Added = "https://b.example/newer", nil, noon.Add(time.Hour)
			return nil
		}))
		full.Cursor, full.Point = "https://b.example/newer", nil
		fault := errors.New("fault")
		wantErr(t, "a change that fails", s.UpdatePeer(ctx, "b.example", func(p *directory.Peer) error { p.Cursor = "lost"; return fault }), fault)
		wantErr(t, "a change of nobody", s.UpdatePeer(ctx, "c.example", func(*directory.Peer) error { return nil }), directory.ErrNotFound)

		carried := initiative("carried")
		carried.ID, carried.Origin = "https://b.example/initiatives/carried", "b.example"
		put(t, s, "", carried)
		put(t, s, directory.Added, initiative("own"))
		full.Entries = 1
		peers, err := s.Peers(ctx)
		ok(t, err)
		same(t, "peers", []directory.Peer{{Host: "a.example", Added: noon}, *full}, peers)

		ok(t, s.RemovePeer(ctx, "b.example"))
		r := find(t, s, search.Query{Text: "instrumentheek"})
		if r.Total != 1 || r.Hits[0].Initiative.Handle != "own" {
			t.Errorf("after its peer is gone %d entries are found, want our own", r.Total)
		}
		wantErr(t, "removed again", s.RemovePeer(ctx, "b.example"), directory.ErrNotFound)
		_, err = s.Peer(ctx, "b.example")
		wantErr(t, "looked up", err, directory.ErrNotFound)
		ok(t, s.PutPeer(ctx, full))
		put(t, s, "", carried)
		if got := find(t, s, search.Query{Text: "instrumentheek"}).Total; got != 2 {
			t.Errorf("once it is back %d entries are found, want 2", got)
		}
	})
}

func TestFollowers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		const rad = "https://ghent.example/initiatives/rad"
		follower := func(name string, peer bool) *directory.Follower {
			return &directory.Follower{
				ActorID: "https://" + name, ObjectID: rad, FollowID: "https://" + name + "/follow/1", Inbox: "https://" + name + "/inbox",
				Delivery: "https://shared.example/inbox", Peer: peer, Since: noon,
			}
		}
		a, b, p := follower("a.example", false), follower("b.example", false), follower("peer.example", true)
		p.Delivery = "https://peer.example/inbox"
		for _, f := range []*directory.Follower{b, a, p} {
			ok(t, s.PutFollower(ctx, f))
		}
		a.FollowID, a.Since = "https://a.example/follow/2", noon.Add(time.Hour)
		ok(t, s.PutFollower(ctx, a))
		a.Since = noon // of the first
		all, err := s.Followers(ctx, rad, "", 9)
		ok(t, err)
		same(t, "followers", []directory.Follower{*a, *b, *p}, all)
		page, err := s.Followers(ctx, rad, a.ActorID, 1)
		ok(t, err)
		same(t, "second page", []directory.Follower{*b}, page)
		for to, want := range map[store.Audience][]string{
			store.Everyone: {"https://peer.example/inbox", "https://shared.example/inbox"},
			store.People:   {"https://shared.example/inbox"}, store.Peers: {"https://peer.example/inbox"},
		} {
			got, err := s.FollowerInboxes(ctx, rad, to)
			ok(t, err)
			same(t, "inboxes of "+string(to), want, got)
		}
		gone, err := s.RemoveFollowID(ctx, a.ActorID, "https://a.example/follow/1")
		if gone != "" || err != nil {
			t.Errorf("undoing a Follow that was replaced ended %q, %v", gone, err)
		}
		gone, err = s.RemoveFollowID(ctx, b.ActorID, a.FollowID)
		if gone != "" || err != nil {
			t.Errorf("undoing another's Follow ended %q, %v", gone, err)
		}
		gone, err = s.RemoveFollowID(ctx, a.ActorID, a.FollowID)
		if gone != rad || err != nil {
			t.Errorf("undoing a Follow ended %q, %v, want %s", gone, err, rad)
		}
		for _, want := range []bool{true, false} {
			if did, err := s.RemoveFollower(ctx, b.ActorID, rad); did != want || err != nil {
				t.Errorf("removed: %v, %v, want %v", did, err, want)
			}
		}
		n, err := s.CountFollowers(ctx, rad)
		if n != 1 || err != nil {
			t.Errorf("%d follow, %v, want 1", n, err)
		}
		ok(t, s.PutActor(ctx, &directory.RemoteActor{ID: p.ActorID, Fetched: noon}))
		ok(t, s.RemoveActor(ctx, p.ActorID))
		n, err = s.CountFollowers(ctx, rad)
		if n != 0 || err != nil {
			t.Errorf("%d follow after the actor is gone, %v", n, err)
		}
		_, err = s.Actor(ctx, p.ActorID)
		wantErr(t, "the actor", err, directory.ErrNotFound)
	})
}

func TestKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		key := func(id string, kind directory.KeyKind) directory.Key {
			return directory.Key{ID: id, Kind: kind, Private: "private " + id, Public: "public " + id, Created: noon}
		}
		first, second, third := key("01", directory.RSA), key("02", directory.Ed25519), key("03", directory.RSA)
		for _, k := range []directory.Key{first, second, third} {
			ok(t, s.PutKey(ctx, &k))
		}
		retired := first
		retired.Retired = noon.Add(time.Hour)
		again := retired
		again.Private, again.Public, again.Created = "other", "other", noon.Add(time.Minute) // a key never changes
		ok(t, s.PutKey(ctx, &again))
		keys, err := s.Keys(ctx)
		ok(t, err)
		same(t, "keys", []directory.Key{third, second, retired}, keys)
	})
}

func TestUsers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		eva := directory.User{Name: "eva", Display: "Eva", Contact: "eva@m.example", Role: directory.Admin, Created: noon}
		bob := directory.User{Name: "bob", Role: directory.Editor, Created: noon}
		ok(t, s.PutUser(ctx, &eva))
		ok(t, s.PutUser(ctx, &bob))
		changed := bob
		changed.Display, changed.Role, changed.Created = "Bob", directory.Admin, noon.Add(time.Hour)
		ok(t, s.PutUser(ctx, &changed))
		changed.Created = noon
		users, err := s.Users(ctx)
		ok(t, err)
		same(t, "users", []directory.User{changed, eva}, users)
		ok(t, s.RemoveUser(ctx, "bob"))
		wantErr(t, "removed again", s.RemoveUser(ctx, "bob"), directory.ErrNotFound)
	})
}

func TestPushed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for _, step := range []struct {
			from, to, stands int64
			err              error
		}{{1, 5, 0, directory.ErrConflict}, {0, 5, 5, nil}, {0, 9, 5, directory.ErrConflict}, {5, 7, 7, nil}} {
			wantErr(t, fmt.Sprint(step), s.SetPushed(ctx, step.from, step.to), step.err)
			if at, err := s.Pushed(ctx); at != step.stands || err != nil {
				t.Errorf("%v: stands at %d, %v", step, at, err)
			}
		}
	})
}

func TestPurgeTombstones(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		old, young, public := initiative("old"), initiative("young"), initiative("public")
		put(t, s, directory.Added, old, young, public)
		old.State, young.State, young.Updated = directory.Withdrawn, directory.Withdrawn, noon.Add(time.Hour)
		put(t, s, directory.Removed, old, young)
		for _, want := range []int64{1, 0} {
			if n, err := s.PurgeTombstones(ctx, noon.Add(time.Minute).UnixMicro()); n != want || err != nil {
				t.Errorf("purged %d, %v, want %d", n, err, want)
			}
		}
		list, err := s.ChangesAfter(ctx, 0, 9)
		ok(t, err)
		var log []string
		for _, c := range list {
			log = append(log, fmt.Sprintf("%d %s %s", c.Position, c.Type, c.Initiative.Handle))
		}
		same(t, "log", []string{"3 add public", "5 remove young"}, log)
		_, err = s.InitiativeByHandle(ctx, "ghent.example", "old")
		wantErr(t, "its tombstone", err, directory.ErrGone)
		taken, err := s.TakenHandles(ctx, "ghent.example", []string{"old", "free"})
		ok(t, err)
		same(t, "taken", []string{"old"}, taken)
	})
}

func TestPurgeReceived(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for k, id := range []string{"1", "2", "3"} {
			fresh, err := receive(ctx, s, &directory.Received{ID: id, Body: []byte("\x00\xff"), Received: noon.Add(time.Duration(k) * time.Hour)}, "digest "+id)
			if !fresh || err != nil {
				t.Fatal(fresh, err)
			}
		}
		for _, id := range []string{"1", "3"} {
			ok(t, s.FinishReceived(ctx, "gave \xff up", id))
		}
		if n, err := s.PurgeReceived(ctx, noon.Add(2*time.Hour)); n != 1 || err != nil {
			t.Errorf("purged %d, %v, want what is done and old", n, err)
		}
		if n, err := s.CountReceived(ctx); n != 1 || err != nil {
			t.Errorf("%d wait, %v, want 1", n, err)
		}
		ok(t, s.RetryReceived(ctx, "2", noon.Add(3*time.Hour), "later"))
		for at, want := range map[time.Duration]int{2 * time.Hour: 0, 3 * time.Hour: 1} {
			got, err := s.ClaimReceived(ctx, noon.Add(at), noon.Add(at), 9)
			ok(t, err)
			if len(got) != want {
				t.Errorf("after %v %d are due, want %d", at, len(got), want)
			}
		}
	})
}

// A transaction is all or nothing, one within another too, and what it writes is
// seen by none before its end.
func TestTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		fault := errors.New("fault")
		err := s.Tx(ctx, func(tx *store.Store) error {
			ok(t, tx.PutInitiative(ctx, initiative("one"), directory.Added))
			ok(t, tx.Tx(ctx, func(tx *store.Store) error { return tx.PutInitiative(ctx, initiative("two"), directory.Added) }))
			if _, err := tx.Initiative(ctx, initiative("two").ID); err != nil {
				t.Errorf("the transaction does not see what it wrote: %v", err)
			}
			if n, err := s.CountChanges(ctx); n != 0 || err != nil {
				t.Errorf("others see %d changes, %v", n, err)
			}
			return fault
		})
		wantErr(t, "transaction", err, fault)
		if n := find(t, s, search.Query{}).Total; n != 0 {
			t.Errorf("%d entries are left of a transaction that failed", n)
		}
		put(t, s, directory.Added, initiative("three"))
		if c, err := s.ChangeAt(ctx, 1); err != nil || c.Initiative.Handle != "three" {
			t.Errorf("the first position is %v, %v, want that of three", c, err)
		}
	})
}

func TestVersionChangesWithWhatIsShown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		last := int64(-1)
		next := func(what string, changes bool) {
			t.Helper()
			now, err := s.Version(ctx)
			ok(t, err)
			if (now != last) != changes {
				t.Errorf("%s: version %d after %d", what, now, last)
			}
			last = now
		}
		next("empty", true)
		put(t, s, directory.Added, initiative("a"))
		next("an entry", true)
		ok(t, s.PutPeer(ctx, &directory.Peer{Host: "b.example"}))
		next("a peer", false)
		ok(t, s.RemovePeer(ctx, "b.example"))
		next("a peer's entries", true)
		ok(t, s.Change(ctx, func(*store.Store) error { return nil }))
		next("nothing", false)
	})
}

func TestPlaceOfManyEntries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		const n = 1500 // more than are looked at
		batch := make([]store.PutEntry, n)
		for k := range batch {
			i := initiative(fmt.Sprintf("e%d", k))
			i.Place.Locality = "London"
			far := float64(k*7919%n) / n // in no order
			i.Place.Point = &directory.Point{Latitude: 51 + far, Longitude: far - 0.5}
			batch[k].Initiative = i
		}
		ok(t, s.PutInitiatives(ctx, batch))
		nowhere := initiative("nowhere")
		nowhere.Place.Locality = ""
		put(t, s, directory.Added, nowhere)
		middle, err := s.PlaceNamed(ctx, "london")
		ok(t, err)
		if middle.Distance(directory.Point{Latitude: 51.5}) > 5 {
			t.Errorf("London is at %v, want the middle", middle)
		}
		for _, name := range []string{"", " ", "\u0301"} {
			_, err := s.PlaceNamed(ctx, name)
			wantErr(t, fmt.Sprintf("place %q", name), err, directory.ErrNotFound)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{"", "mysql://x", "commonage.db", "postgres://%zz", "sqlite:" + filepath.Join(t.TempDir(), "no", "such", "folder.db")} {
		if s, err := store.Open(t.Context(), address); err == nil {
			t.Errorf("open %q: got no error", address)
			ok(t, s.Close())
		}
	}
}

// Any file name will do, and what was written is there when it is opened again.
func TestOpenAgain(t *testing.T) {
	for _, name := range []string{"plain.db", "with blank.db", "50%?x=1#é.db"} {
		path := filepath.Join(t.TempDir(), name)
		for round := range 2 {
			s, err := store.Open(t.Context(), "sqlite:"+path)
			ok(t, err)
			_, err = s.Migrate(t.Context())
			ok(t, err)
			ok(t, s.Ping(t.Context()))
			if round == 0 {
				put(t, s, directory.Added, initiative("a"))
			}
			if n := find(t, s, search.Query{}).Total; n != 1 {
				t.Errorf("%s, time %d: %d entries, want 1", name, round+1, n)
			}
			ok(t, s.Close())
			if err := s.Ping(t.Context()); err == nil {
				t.Error("a closed database answers")
			}
		}
		if found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db")); err != nil || len(found) != 1 || found[0] != path {
			t.Errorf("the folder has %v, %v, want %s", found, err, path)
		}
	}
}
