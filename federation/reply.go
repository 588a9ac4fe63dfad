package federation

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// rememberDeparted is how long a thing that was deleted or undone before it came
// is not taken when it does (INTEROP D10). Mastodon remembers for six hours.
const rememberDeparted = 24 * time.Hour

// onCreate keeps what somebody wrote under a post of ours, or to an initiative.
func (s *Server) onCreate(ctx context.Context, _ *store.Store, in incoming) error {
	if in.note == nil {
		return nil
	}
	return s.takeReply(ctx, in, in.note)
}

// note is what somebody wrote, and what is shown of it.
type note struct {
	*vocab.Note
	shown string
}

// noteOf returns the note that an activity brings if it is public and the
// signer's own: on the signer's host, and by the signer (INTEROP S3).
func noteOf(a *vocab.Activity, signer string) *note {
	host := directory.HostOf(a.Object.ID)
	if a.Object.Raw == nil || host == "" || host != directory.HostOf(signer) {
		return nil
	}
	parsed, err := vocab.ParseNote(a.Object.Raw)
	if err != nil || parsed.Author != signer {
		return nil
	}
	if !slices.ContainsFunc(parsed.To, vocab.IsPublic) && !slices.ContainsFunc(parsed.CC, vocab.IsPublic) {
		return nil // meant for somebody, and nobody here reads letters
	}
	n := &note{parsed, prose.Foreign(parsed.Content, directory.MaxReply)}
	n.shown += prose.Foreign(attached(parsed.Attachments), max(0, directory.MaxReply-len(n.shown)))
	if n.Summary != "" { // a warning stands before what it warns of
		n.shown = prose.Plain(n.Summary, nil) + n.shown
	}
	return n
}

// attached returns links to the files of a post: they are not shown, as whoever
// saw them would be known to their server.
func attached(list []vocab.Attachment) string {
	var b strings.Builder
	for _, a := range list {
		if directory.ValidateURL("attachment", a.URL) != nil {
			continue
		}
		words := "Picture"
		if a.MediaType != "" && !strings.HasPrefix(a.MediaType, "image/") {
			words = "Attachment"
		}
		if a.Alt != "" {
			words += ": " + a.Alt
		}
		fmt.Fprintf(&b, `<p><a href="%s">%s</a></p>`, html.EscapeString(a.URL), html.EscapeString(words))
	}
	return b.String()
}

// takeReply stores a note that concerns us as a reply.
func (s *Server) takeReply(ctx context.Context, in incoming, note *note) error {
	// load
	reply, err := s.concerned(ctx, in, note)
	if err != nil || reply == nil {
		return err
	}
	if reply.Author, err = in.author(ctx); err != nil {
		return err
	}
	// permit
	heard, err := s.heard(ctx, in, note)
	if err != nil || !heard {
		return err
	}
	// change
	reply.ID, reply.Key, reply.InReplyTo, reply.Received = note.ID, s.newID(), note.InReplyTo, s.Now()
	if reply.Published = note.Published; reply.Published.IsZero() || reply.Published.After(in.at) {
		reply.Published = in.at
	}
	reply.Updated = reply.Published
	if s.fill(in, reply, note); reply.Content == "" {
		return nil
	}
	if err := in.addReply(ctx, reply); err != nil {
		return err
	}
	return in.noteReader(ctx, in.from, reply.InitiativeID)
}

// fill sets what a note says, and how it begins.
func (s *Server) fill(in incoming, r *directory.Reply, note *note) {
	r.State = s.Replies.State(in.blocks.Of(r.Author.ID) == directory.Limited)
	r.Content, r.Language = note.shown, note.Language
	if r.URL = note.URL; directory.HostOf(r.URL) != directory.HostOf(note.ID) {
		r.URL = note.ID
	}
}

// heard reports whether the author may be heard now: replies are wanted, this
// one was not deleted before it came, and there were not too many.
func (s *Server) heard(ctx context.Context, in incoming, note *note) (bool, error) {
	if s.Replies == directory.ReplyOff {
		return false, nil
	}
	departed, err := in.hasDeparted(ctx, note.ID, in.from)
	if err != nil || departed {
		return false, err
	}
	author, host, err := in.repliesOf(ctx, in.from)
	if err != nil {
		return false, err
	}
	if author >= directory.RepliesPerAuthor || host >= directory.RepliesPerHost {
		s.Log.WarnContext(ctx, "reply ignored, there were too many", "actor", in.from, "host_count", host, "count", author)
		return false, nil
	}
	return true, nil
}

// concerned returns a reply with the initiative and the post that a note is about,
// or nil if it is about nothing of ours.
func (s *Server) concerned(ctx context.Context, in incoming, note *note) (*directory.Reply, error) {
	post, err := in.post(ctx, note.InReplyTo)
	if err == nil && post.Deleted {
		return nil, nil //nolint:nilnil // as said above
	}
	if err == nil {
		return &directory.Reply{InitiativeID: post.InitiativeID, PostID: post.ID}, nil
	}
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return nil, err
	}
	parent, err := in.tx.Reply(ctx, note.InReplyTo)
	if err == nil && parent.State != directory.ReplyRejected {
		return &directory.Reply{InitiativeID: parent.InitiativeID, PostID: parent.PostID}, nil
	}
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return nil, err
	}
	return s.mentioned(ctx, in.tx, note)
}

func (s *Server) mentioned(ctx context.Context, tx *store.Store, note *note) (*directory.Reply, error) {
	ids := slices.Concat(note.To, note.CC)
	for _, t := range note.Tags {
		if t.Type == "Mention" {
			ids = append(ids, t.Href)
		}
	}
	for _, id := range ids {
		handle := s.Instance.Handle(id)
		if handle == "" {
			continue
		}
		_, err := tx.InitiativeByHandle(ctx, s.Instance.Host, handle)
		if err == nil {
			return &directory.Reply{InitiativeID: id}, nil
		}
		if !errors.Is(err, directory.ErrNotFound) && !errors.Is(err, directory.ErrGone) {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // the caller asks for nil
}

// author returns what is known of who wrote: an actor, or an initiative that is
// carried and signs with its directory's key.
func (in *incoming) author(ctx context.Context) (directory.Author, error) {
	a, err := in.actor(ctx, in.from)
	if err == nil {
		return a.Author(), nil
	}
	if !errors.Is(err, directory.ErrNotFound) {
		return directory.Author{}, err
	}
	out := directory.Author{ID: in.from, URL: in.from}
	i, err := in.tx.Initiative(ctx, in.from)
	if errors.Is(err, directory.ErrNotFound) {
		return out, nil // forgotten since it was verified
	}
	if err != nil {
		return out, err
	}
	out.Acct, out.Name = i.Acct(), i.Name
	return out, nil
}

// editReply takes the new words of a reply from its author. They are moderated
// anew: what was approved is not what stands there now.
func (s *Server) editReply(ctx context.Context, tx *store.Store, in incoming) error {
	// load
	note := noteOf(in.Activity, in.from)
	if note == nil {
		return nil
	}
	reply, err := tx.Reply(ctx, note.ID)
	if errors.Is(err, directory.ErrNotFound) {
		return s.takeReply(ctx, in, note) // its Create was lost, or comes later
	}
	if err != nil {
		return err
	}
	// permit
	if reply.Author.ID != in.from || !note.Updated.After(reply.Updated) || note.Updated.After(in.at.Add(time.Hour)) {
		return nil
	}
	// change
	reply.Edits++
	rejected := reply.State == directory.ReplyRejected
	s.fill(in, reply, note)
	if reply.Updated = note.Updated; rejected {
		reply.State = directory.ReplyRejected
	}
	return tx.ChangeReply(ctx, reply)
}

// removeReply forgets a reply that its author deleted, or remembers that it is
// not to be taken when it comes.
func (s *Server) removeReply(ctx context.Context, tx *store.Store, in incoming) error {
	if host := directory.HostOf(in.Object.ID); host == "" || host != directory.HostOf(in.from) {
		return nil
	}
	removed, err := tx.RemoveReply(ctx, in.Object.ID, in.from)
	if err != nil || removed {
		return err
	}
	return in.noteDeparted(ctx, in.Object.ID, in.from)
}

// replies serves the approved replies under a post, in pages.
func (s *Server) replies(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.initiative(r); err != nil {
		return err
	}
	root := s.Instance.URL(path.Clean(r.URL.Path))
	post, err := s.Store.Post(r.Context(), strings.TrimSuffix(root, "/replies"))
	if err != nil {
		return err
	}
	if post.Deleted {
		return directory.ErrGone
	}
	if !r.URL.Query().Has("after") {
		counts, err := s.Store.Counts(r.Context(), []string{post.ID})
		if err != nil {
			return err
		}
		document, err := vocab.OrderedCollection(vocab.Collection{
			ID: root, TotalItems: counts[post.ID].Replies, First: root + "?after=",
		})
		return writeActivity(w, document, err)
	}
	after := r.URL.Query().Get("after")
	list, err := s.Store.RepliesTo(r.Context(), post.ID, after, pageSize)
	if err != nil {
		return err
	}
	ids := make([]string, len(list))
	for k := range list {
		ids[k] = list[k].ID
	}
	page := vocab.Collection{ID: root + "?after=" + url.QueryEscape(after), PartOf: root}
	if len(list) == pageSize {
		page.Next = root + "?after=" + url.QueryEscape(list[len(list)-1].Key)
	}
	return writePage(w, page, ids)
}
