package federation_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
)

// The forms of signatures, by Fedify's names.
const (
	asCavage  = "draft-cavage-http-signatures-12"
	asRFC9421 = "rfc9421"
)

// fedify is a server made with Fedify, in a process of its own.
type fedify struct {
	*testing.T
	in  io.Writer
	out *bufio.Scanner
	URL string
}

// fedifySays is an answer of its; what is in it depends on what was asked.
type fedifySays struct {
	Error    string
	ID, Type string
	Proofs   []fedifyProof
	Sent     []fedifySent // the signed requests that it took

	// of an actor or an object
	Name, Content, Author            string
	Handle, Inbox, Shared, Followers string
	Keys, Methods                    []string

	Items []fedifySays // of an outbox

	// of a delivery
	Form, Key, Reason string // how it was signed, and why that is not believed
	Signed            bool
	Status            int
	Taken, Object     string // the type that Fedify's own inbox read, and its object
}

// fedifyProof is what it thinks of an integrity proof.
type fedifyProof struct {
	Method, Controller, Suite string
	Holds                     bool
	Forgeable                 bool // it holds for another text too
}

// fedifySent is a signed request that it made.
type fedifySent struct {
	Method, URL, Form string
	Status            int
}

// fedifyCommand is what it is asked for; peer.mjs lists what can be done.
type fedifyCommand struct {
	Do   string `json:"do"`
	What string `json:"what,omitempty"` // a handle or URL
	As   string `json:"as,omitempty"`   // the actor of its that does it
	Form string `json:"form,omitempty"` // of the signature that it tries first
	Type string `json:"type,omitempty"` // of the activity that is awaited
	Text string `json:"text,omitempty"`
	ID   string `json:"id,omitempty"` // of the follow that ends
}

// newFedify starts the server, or skips the test where there is no Node.js.
func newFedify(t *testing.T) *fedify {
	t.Helper()
	dir := filepath.Join("fedtest", "fedify")
	installFedify(t, dir)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, "node", "peer.mjs")
	cmd.Dir = dir
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &fedify{T: t, in: in, out: bufio.NewScanner(out)}
	f.out.Buffer(nil, 1<<20)
	t.Cleanup(func() {
		defer cancel()
		if err := in.Close(); err != nil { // which ends it
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("Fedify ended: %v; it wrote\n%s", err, complaints.String())
		}
	})
	f.URL = f.answer(t).ID
	return f
}

// installFedify installs what the lock file names, once.
func installFedify(t *testing.T, dir string) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			withoutFedify(t, program+" is not installed")
		}
	}
	wanted, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	// npm writes this file when it is done.
	installed, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err == nil && !installed.ModTime().Before(wanted.ModTime()) {
		return
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		withoutFedify(t, "npm ci: "+err.Error()+"\n"+string(out))
	}
}

// withoutFedify skips the test, or fails it where everything has to be there.
func withoutFedify(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("TEST_ALL") == "1" {
		t.Fatal(why + ", and TEST_ALL is 1")
	}
	t.Skip(why)
}

// answer reads a line.
func (f *fedify) answer(t *testing.T) fedifySays {
	t.Helper()
	if !f.out.Scan() {
		t.Fatalf("Fedify says no more: %v", f.out.Err())
	}
	var says fedifySays
	if err := json.Unmarshal(f.out.Bytes(), &says); err != nil {
		t.Fatalf("%v in %s", err, f.out.Bytes())
	}
	return says
}

// do has it do something, which must go well.
func (f *fedify) do(t *testing.T, command fedifyCommand) fedifySays {
	t.Helper()
	says := f.try(t, command)
	if says.Error != "" {
		t.Fatalf("%+v: %s", command, says.Error)
	}
	return says
}

func (f *fedify) try(t *testing.T, command fedifyCommand) fedifySays {
	t.Helper()
	if err := json.NewEncoder(f.in).Encode(command); err != nil {
		t.Fatalf("ask Fedify: %v", err)
	}
	return f.answer(t)
}

// await returns the next delivery of a type, which Fedify must have taken, in a
// request that it believes.
func (f *fedify) await(t *testing.T, kind, form string) fedifySays {
	t.Helper()
	d := f.do(t, fedifyCommand{Do: "await", Type: kind})
	if !d.Signed || d.Form != form || d.Status != http.StatusAccepted || d.Taken != activityStreams+kind {
		t.Fatalf("%s: got signature %q, valid: %v %s, answer %d, taken as %q; want a valid %s and 202",
			kind, d.Form, d.Signed, d.Reason, d.Status, d.Taken, form)
	}
	return d
}

const activityStreams = "https://www.w3.org/ns/activitystreams#"

// inFedifysTime returns a city in the present: other software has a clock of its
// own.
func inFedifysTime(t *testing.T, s *store.Store, edit ...func(*federation.Options)) *city {
	t.Helper()
	w := newWorld(t)
	w.clock.now = time.Now().UTC()
	return w.city(s, edit...)
}

// provenBy fails the test unless there is one proof, by the actor.
func provenBy(t *testing.T, what string, list []fedifyProof, actor string) {
	t.Helper()
	want := []fedifyProof{{
		Method: actor + "#ed25519-key", Controller: actor, Suite: "eddsa-jcs-2022", Holds: true,
	}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("proofs of %s: %s", what, diff)
	}
}

// Other software, which nobody wrote for this test, finds us, believes us, and
// is understood.
func TestFedify(t *testing.T) {
	f := newFedify(t)
	t.Run("lookup", f.looksUp)
	t.Run("outbox", f.readsOutboxes)
	t.Run("follow", f.follows)
	t.Run("second form", f.refusesDrafts)
	t.Run("reply", f.replies)
	t.Run("secure mode", f.signsFetches)
}

func (f *fedify) looksUp(t *testing.T) {
	c := inFedifysTime(t, storetest.Open(t))
	rad := c.publish("rad")
	actor := func(id, kind, name, handle string) fedifySays {
		return fedifySays{
			ID: id, Type: activityStreams + kind, Name: name, Handle: handle,
			Inbox: id + "/inbox", Shared: c.url("/inbox"), Followers: id + "/followers",
			Keys: []string{id + "#main-key"}, Methods: []string{id + "#ed25519-key"},
		}
	}
	initiative := actor(rad, "Organization", "Café Ümit – Rad & Tat", "rad")
	listing := actor(c.instance.DirectoryID(), "Service", c.instance.Name, "directory")
	for what, want := range map[string]fedifySays{
		"@rad@" + c.instance.Host: initiative, "rad@" + c.instance.Host: initiative, rad: initiative,
		"@directory@" + c.instance.Host: listing, c.instance.DirectoryID(): listing,
	} {
		got := f.do(t, fedifyCommand{Do: "lookup", What: what})
		provenBy(t, what, got.Proofs, want.ID)
		got.Proofs, got.Sent = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	instance := f.do(t, fedifyCommand{Do: "lookup", What: c.instance.ActorID()})
	if instance.Type != activityStreams+"Application" || !slices.Contains(instance.Keys, instance.ID+"#main-key") {
		t.Errorf("the instance: got %+v", instance)
	}
	post := f.do(t, fedifyCommand{Do: "lookup", What: c.post("rad", "Come and *see* #bicycles")})
	if post.Type != activityStreams+"Note" || post.Author != rad || post.Content == "" {
		t.Errorf("a post: got %+v", post)
	}
	event := f.do(t, fedifyCommand{Do: "lookup", What: c.invite(t)})
	if event.Type != activityStreams+"Event" || event.Author != rad || event.Name != sharpening().Event.Name {
		t.Errorf("an event: got %+v", event)
	}
	if got := f.try(t, fedifyCommand{Do: "lookup", What: "@nobody@" + c.instance.Host}); got.Error == "" {
		t.Errorf("nobody: got %+v", got)
	}
}

func (f *fedify) readsOutboxes(t *testing.T) {
	c := inFedifysTime(t, storetest.Open(t))
	rad := c.publish("rad")
	post := c.post("rad", "Come and see.")
	posts := f.do(t, fedifyCommand{Do: "outbox", What: rad}).Items
	if len(posts) != 2 || posts[0].Object != post {
		t.Errorf("got posts %+v, want two, %s first", posts, post)
	}
	for _, a := range posts {
		provenBy(t, a.ID, a.Proofs, rad)
		if a.Type != activityStreams+"Create" {
			t.Errorf("got a %s", a.Type)
		}
	}
	log := f.do(t, fedifyCommand{Do: "outbox", What: c.instance.DirectoryID()}).Items
	if len(log) != 1 || log[0].Type != activityStreams+"Add" || log[0].Object != rad {
		t.Fatalf("got log %+v, want one Add of %s", log, rad)
	}
	provenBy(t, "the log", log[0].Proofs, c.instance.DirectoryID())
}

// follows tells the whole story, with Fedify signing in one form and the other.
func (f *fedify) follows(t *testing.T) {
	c := inFedifysTime(t, storetest.Open(t))
	rad := c.publish("rad")
	for _, way := range []struct{ id, name, form string }{
		{rad, "alice", asCavage},
		{rad, "bob", asRFC9421},
		{c.instance.DirectoryID(), "alice", asRFC9421},
	} {
		follow := f.do(t, fedifyCommand{Do: "follow", What: way.id, As: way.name, Form: way.form})
		signedAs(t, follow, way.form)
		if accept := f.await(t, "Accept", asCavage); accept.Object != follow.ID || accept.Key != way.id+"#main-key" {
			t.Errorf("got %+v, want what accepts %s", accept, follow.ID)
		}
		if list := c.followers(way.id); len(list) != 1 || list[0].ActorID != f.URL+"/users/"+way.name {
			t.Errorf("got followers %+v, want %s", list, way.name)
		}
		f.hearsOf(t, c, way.id)
		end := f.do(t, fedifyCommand{Do: "unfollow", What: way.id, As: way.name, Form: way.form, ID: follow.ID})
		signedAs(t, end, way.form)
		c.until("nobody to follow", func() bool { return len(c.followers(way.id)) == 0 })
	}
}

// hearsOf has what its actor follows do everything that is told to followers.
func (f *fedify) hearsOf(t *testing.T, c *city, id string) {
	t.Helper()
	heard := func(kind, object string) {
		t.Helper()
		d := f.await(t, kind, asCavage)
		provenBy(t, kind, d.Proofs, id)
		if d.Object != object {
			t.Errorf("got %+v, want a %s of %s", d, kind, object)
		}
	}
	ctx, post := t.Context(), c.post("rad", "Come and *see*.")
	if id == c.instance.DirectoryID() {
		heard("Announce", post)
		return
	}
	heard("Create", post)
	if err := c.EditPost(ctx, post, "Come *now*."); err != nil {
		t.Fatal(err)
	}
	heard("Update", post)
	edit := func(i *directory.Initiative) error {
		i.Summary = "We mend bicycles – & <more>\u2028" + post
		return nil
	}
	if _, err := c.Edit(ctx, "rad", edit); err != nil {
		t.Fatal(err)
	}
	heard("Update", id)
	if err := c.DeletePost(ctx, post); err != nil {
		t.Fatal(err)
	}
	heard("Delete", post)
	heard("Create", c.invite(t))
}

// invite publishes an event of tomorrow and returns its id.
func (c *city) invite(t *testing.T) string {
	t.Helper()
	p := sharpening()
	p.Event.Start = c.w.clock.Now().Truncate(time.Hour).Add(24 * time.Hour)
	p.Event.End = p.Event.Start.Add(time.Hour)
	if err := c.Post(t.Context(), "rad", p); err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// signedAs fails the test unless one request was sent, and taken at once.
func signedAs(t *testing.T, says fedifySays, form string) {
	t.Helper()
	if len(says.Sent) != 1 || says.Sent[0].Form != form || says.Sent[0].Status != http.StatusAccepted {
		t.Errorf("got requests %+v, want one signed as %s and answered 202", says.Sent, form)
	}
}

func (f *fedify) refusesDrafts(t *testing.T) {
	c := inFedifysTime(t, storetest.Open(t))
	rad := c.publish("rad")
	f.do(t, fedifyCommand{Do: "follow", What: rad, As: "carol"})
	f.await(t, "Accept", asCavage)
	f.do(t, fedifyCommand{Do: "refuse", Form: asCavage})
	defer f.do(t, fedifyCommand{Do: "refuse"})
	post := c.post("rad", "Come and see.")
	first := f.do(t, fedifyCommand{Do: "await", Type: "Create"})
	if !first.Signed || first.Form != asCavage || first.Status != http.StatusUnauthorized {
		t.Errorf("first: got %+v, want a valid draft that is refused", first)
	}
	second := f.await(t, "Create", asRFC9421)
	provenBy(t, "the second try", second.Proofs, rad)
	if second.Object != post || second.Key != rad+"#main-key" {
		t.Errorf("second: got %+v, want %s", second, post)
	}
	f.do(t, fedifyCommand{Do: "refuse"})
	c.sent() // the form is remembered
	c.post("rad", "And again.")
	f.await(t, "Create", asRFC9421)
}

func (f *fedify) replies(t *testing.T) {
	c := inFedifysTime(t, storetest.Open(t))
	rad := c.publish("rad")
	for name, form := range map[string]string{"dave": asCavage, "eve": asRFC9421} {
		post := c.post("rad", "Come and see.")
		reply := f.do(t, fedifyCommand{Do: "reply", What: post, As: name, Form: form, Text: "<p>I <b>shall</b>.</p>"})
		signedAs(t, reply, form)
		c.settle()
		list := c.waiting()
		if len(list) != 1 {
			t.Fatalf("got replies %+v, want one that waits", list)
		}
		got := list[0]
		want := directory.Reply{
			ID: reply.ID, Key: got.Key, InitiativeID: rad, PostID: post, InReplyTo: post,
			Author: directory.Author{
				ID: f.URL + "/users/" + name, Acct: name + "@" + strings.TrimPrefix(f.URL, "http://"),
				Name: name + " of Fedify", URL: f.URL + "/users/" + name,
			},
			Content: "<p>I <b>shall</b>.</p>", URL: reply.ID, State: directory.ReplyPending,
			Published: got.Published, Updated: got.Updated, Received: got.Received,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		c.decide(reply.ID, directory.ReplyApproved)
		if kept := c.document(post + "/replies?after="); !strings.Contains(fmt.Sprint(kept), reply.ID) {
			t.Errorf("got %v, want %s among the replies", kept, reply.ID)
		}
	}
}

// signsFetches reads what is not shown to everybody.
func (f *fedify) signsFetches(t *testing.T) {
	c := inFedifysTime(t, storetest.Open(t), secure)
	rad := c.publish("rad")
	for name, form := range map[string]string{"frank": asCavage, "grace": asRFC9421} {
		got := f.do(t, fedifyCommand{Do: "lookup", What: "@rad@" + c.instance.Host, As: name, Form: form})
		provenBy(t, "the initiative", got.Proofs, rad)
		n := 0
		for _, r := range got.Sent {
			if r.URL != rad {
				continue // a key: Fedify signs the # of its id too in RFC 9421, and comes again with a draft
			}
			if n++; r.Form != form || r.Status != http.StatusOK {
				t.Errorf("got %+v, want 200 for %s", r, form)
			}
		}
		if got.ID != rad || n == 0 {
			t.Errorf("got %+v, want %s in signed requests", got, rad)
		}
	}
	if got := f.try(t, fedifyCommand{Do: "lookup", What: rad}); got.Error == "" {
		t.Errorf("unsigned: got %+v", got)
	}
}
