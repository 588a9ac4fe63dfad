package fedtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Delivery is something that came to an inbox, in the order of arrival.
type Delivery struct {
	Inbox    *Actor // nil for the shared inbox
	Header   http.Header
	Body     []byte
	Activity Object
	Type, ID string // of the activity
	Actor    string
	Object   string // the id of its object
	Form     Form
	Signer   string // id of the actor whose key signed, once that is verified
	Status   int    // what was answered
	Err      error  // why it was refused or, with 202, why nothing came of it
	Scripted bool   // answered by an Answer, with no look at it

	from *account
}

// String is a line for a test's log.
func (d Delivery) String() string {
	inbox := "the shared inbox"
	if d.Inbox != nil {
		inbox = d.Inbox.Name
	}
	return fmt.Sprintf("%s %s of %s to %s: %d %v", d.Type, d.Object, d.Actor, inbox, d.Status, d.Err)
}

// inboxOf serves an inbox; the shared one has no owner. The answer is given
// before the activity is acted on, as Mastodon does.
func (s *Server) inboxOf(owner *Actor) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.Error(w, "POST only", http.StatusMethodNotAllowed)
			return
		}
		d, err := s.read(r)
		d.Inbox = owner
		if err == nil {
			err = s.receive(r, d)
		}
		if d.Status = http.StatusAccepted; err != nil {
			d.Status, d.Err = statusOf(err), err
		}
		s.inbound <- d
		w.WriteHeader(d.Status)
		if d.Status != http.StatusAccepted {
			write(w, d.Err.Error())
		}
	}
}

// read takes the body in, up to the limit (D8).
func (s *Server) read(r *http.Request) (*Delivery, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	a := parseObject(body)
	d := &Delivery{
		Header: r.Header.Clone(), Body: body, Activity: a,
		Type: a.ID("type"), ID: a.String("id"), Actor: a.ID("actor"), Object: a.ID("object"),
	}
	if err != nil {
		return d, refuse(http.StatusBadRequest, "H8", "read the body: %v", err)
	}
	if len(body) > maxBody {
		return d, refuse(http.StatusRequestEntityTooLarge, "H8", "more than %d bytes", maxBody)
	}
	return d, nil
}

// receive says what the answer is (H8).
func (s *Server) receive(r *http.Request, d *Delivery) error {
	if d.Inbox != nil && d.Inbox.isGone() {
		return refuse(http.StatusGone, "H8", "%s is gone", d.Inbox.ID)
	}
	if s.flavour.Strict {
		if err := strictRequest(r); err != nil {
			return err
		}
	}
	// Before anything is verified: who is not known has nothing to delete.
	if (d.Type == "Delete" || d.Type == "Update") && d.Actor != "" && d.Actor == d.Object && s.known(d.Actor) == nil {
		return &refusal{http.StatusAccepted, broke("H8", "%s of %s, who is not known here", d.Type, d.Actor)}
	}
	from, p, err := s.verify(r, d.Body)
	if p != nil {
		d.Form = p.form
	}
	if err != nil {
		return err
	}
	d.from, d.Signer = from, from.ID
	if d.Activity == nil {
		return refuse(http.StatusBadRequest, "A3", "the body is no JSON object")
	}
	if s.flavour.Strict && d.Type == "Accept" {
		return strictAccept(d)
	}
	return nil
}

// strictRequest is what GoToSocial refuses before it reads on (D9).
func strictRequest(r *http.Request) error {
	if r.UserAgent() == "" {
		return refuse(http.StatusTeapot, "D9", "no User-Agent")
	}
	switch t := strings.ToLower(r.Header.Get("Content-Type")); t {
	case activityJSON, ldJSON, activityJSON + "; charset=utf-8":
		return nil
	default:
		return refuse(http.StatusNotAcceptable, "D9", "Content-Type %q", t)
	}
}

// strictAccept is what GoToSocial wants of an Accept (F2).
func strictAccept(d *Delivery) error {
	follow := object(d.Activity["object"])
	switch {
	case d.ID == "":
		return &refusal{http.StatusAccepted, broke("P17", "Accept without id")}
	case follow == nil:
		return nil // a bare id: matched as it stands
	case !follow.is("Follow") || follow.String("id") == "" || follow.ID("actor") == "" || follow.ID("object") == "":
		return refuse(http.StatusUnprocessableEntity, "F2", "the Follow in the Accept lacks id, actor or object")
	case d.Inbox == nil || follow.ID("actor") != d.Inbox.ID:
		return refuse(http.StatusUnprocessableEntity, "F2", "the Follow is not of this inbox's owner")
	case follow.ID("object") != d.Signer || d.Actor != d.Signer:
		return refuse(http.StatusForbidden, "F2", "%s accepts a Follow of %s", d.Signer, follow.ID("object"))
	}
	return nil
}

// act does what a delivery asks for and then records it.
func (s *Server) act(d *Delivery) {
	if d.Err == nil && d.Status == http.StatusAccepted && !d.Scripted {
		d.Err = s.apply(d)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = append(s.deliveries, *d)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Deliveries returns all that came to the inboxes and was acted on.
func (s *Server) Deliveries() []Delivery {
	list, _ := s.delivered(0)
	return list
}

// delivered returns the deliveries from a position on, and what is closed when
// there are more.
func (s *Server) delivered(from int) ([]Delivery, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivery(nil), s.deliveries[from:]...), s.changed
}

// Await returns the first delivery that matches, of those that came and those
// that will; by then it was acted on. The test fails when the context or the
// test's own time ends before.
func (s *Server) Await(ctx context.Context, match func(Delivery) bool) Delivery {
	s.t.Helper()
	var found Delivery
	seen := 0
	s.until(ctx, func(list []Delivery) bool {
		for _, d := range list[seen:] {
			if match(d) {
				found = d
				return true
			}
		}
		seen = len(list)
		return false
	})
	return found
}

// Until returns when the condition holds. It is looked at now and after each
// delivery. The test fails as with Await.
func (s *Server) Until(ctx context.Context, holds func() bool) {
	s.t.Helper()
	s.until(ctx, func([]Delivery) bool { return holds() })
}

func (s *Server) until(ctx context.Context, holds func([]Delivery) bool) {
	s.t.Helper()
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	for {
		list, changed := s.delivered(0)
		if holds(list) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			var came strings.Builder
			for _, d := range list {
				fmt.Fprintf(&came, "\n\t%s", d)
			}
			s.t.Fatalf("waited in vain: %v; what came:%s", ctx.Err(), came.String())
		}
	}
}

// bounded ends a context shortly before the test would be killed, so that it
// can still tell what it waited for.
func (s *Server) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if limited, ok := s.t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := limited.Deadline(); ok {
			return context.WithDeadline(ctx, deadline.Add(-time.Second))
		}
	}
	return context.WithTimeout(ctx, time.Minute)
}
