package web

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
)

// postView is a post as a page shows it.
type postView struct {
	*directory.Post
	HTML     template.HTML
	Link     string
	Edited   bool
	Pictures []picture
	Event    *eventView // hides that of the post
	Echo     string     // "2 replies · 1 like"
}

// eventView is what a post invites to.
type eventView struct {
	Name, Start, When, Where, Online, Note string
}

func newEventView(e *directory.Event) *eventView {
	if e == nil {
		return nil
	}
	v := &eventView{Name: e.Name, Start: e.Local(e.Start).Format(time.RFC3339), When: e.When(), Online: e.Online}
	if e.Place != nil {
		v.Where = strings.Join(addressLines(*e.Place), ", ")
	}
	v.Note = map[directory.EventStatus]string{
		directory.EventCancelled: "Cancelled", directory.EventTentative: "Not certain yet",
	}[e.Status]
	return v
}

type picture struct {
	Link, Alt     string
	Width, Height int
}

func (s *Server) postView(p *directory.Post) postView {
	links := prose.Links{Tag: s.instance.TagURL, Mention: p.MentionURL}
	v := postView{
		Post: p, HTML: safeHTML(prose.Linked(p.FullText(), links)), Link: s.postPath(p),
		Edited: p.Updated.After(p.Published), Event: newEventView(p.Event),
	}
	for _, a := range p.Attachments {
		v.Pictures = append(v.Pictures, picture{Link: "/media/" + a.File, Alt: a.Alt, Width: a.Width, Height: a.Height})
	}
	return v
}

// safeHTML marks what package prose made as safe to show: it escapes, or lets
// through only a list of elements.
func safeHTML(s string) template.HTML { return template.HTML(s) } //nolint:gosec // as said above

// postPath returns the page of a post: its id is its address.
func (s *Server) postPath(p *directory.Post) string {
	if path, ok := strings.CutPrefix(p.ID, s.instance.URL("/")); ok {
		return "/" + path
	}
	return p.ID
}

type postPage struct {
	Page
	Author  *directory.Initiative
	Heading string
	Link    string // to the author's page
	Icon    string
	Post    postView
	Moved   string // where the author is now, if not here

	Replies []replyView
	First   string // the page with the first replies, if this is another one
	Next    string // where the replies go on; "" if they do not
}

func (s *Server) showPost(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	i, err := s.author(r)
	if err != nil {
		return err
	}
	id := i.ID + "/posts/" + chi.URLParam(r, "post")
	post, err := s.store.Post(ctx, id)
	if err != nil {
		return fmt.Errorf("look up post %s: %w", id, err)
	}
	if post.Deleted {
		return fmt.Errorf("post %s: %w", id, directory.ErrGone)
	}
	heading := i.Name + ", " + post.Published.Format("2 January 2006")
	title := heading
	if post.Event != nil {
		heading, title = post.Event.Name, post.Event.Name+", "+i.Name
	}
	p := postPage{
		Page: s.newPage(r, title), Author: i, Heading: heading,
		Link: s.entryPath(i), Icon: kindIcon(i.Kind), Post: s.postView(post), Moved: i.MovedTo,
	}
	p.Section, p.Creator, p.Description = "search", "@"+s.instance.Acct(i), shorten(post.Text, 300)
	if p.Moved != "" {
		p.Link = p.Moved
	}
	p.Canonical = post.ID
	if i.Origin == s.instance.Host {
		p.Activity = post.ID
		alternate(w, post.ID)
	}
	p.Data = postData(post, i)
	shown := []postView{p.Post}
	if err := s.echo(ctx, shown); err != nil {
		return err
	}
	p.Post = shown[0]
	after := r.URL.Query().Get(paramReplies)
	if p.Replies, p.Next, err = s.replies(ctx, post.ID, after); err != nil {
		return err
	}
	if after != "" {
		p.First = p.Post.Link
	}
	return s.render(w, "post", p)
}
