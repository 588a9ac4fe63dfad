package web

import (
	"context"
	"fmt"
	"html/template"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/templates"
)

// replyView is an approved reply as a page shows it.
type replyView struct {
	directory.Reply
	HTML template.HTML
	Name string
}

// manyReplies is how many replies the page of a post shows.
const manyReplies = 200

// replies returns the approved replies under a post.
func (s *Server) replies(ctx context.Context, postID string) ([]replyView, error) {
	list, err := s.store.RepliesTo(ctx, postID, "", manyReplies)
	if err != nil {
		return nil, fmt.Errorf("list replies to %s: %w", postID, err)
	}
	return replyViews(list), nil
}

func replyViews(list []directory.Reply) []replyView {
	out := make([]replyView, len(list))
	for k, r := range list {
		out[k] = replyView{Reply: r, HTML: safeHTML(r.Content), Name: r.Author.Name}
		if strings.TrimSpace(r.Author.Name) == "" {
			out[k].Name = "@" + r.Author.Acct
		}
	}
	return out
}

// echo says under each post what came back to it.
func (s *Server) echo(ctx context.Context, posts []postView) error {
	ids := make([]string, len(posts))
	for k := range posts {
		ids[k] = posts[k].ID
	}
	counts, err := s.store.Counts(ctx, ids)
	if err != nil {
		return fmt.Errorf("count what came back: %w", err)
	}
	for k := range posts {
		posts[k].Echo = echoText(counts[posts[k].ID])
	}
	return nil
}

func echoText(c directory.Counts) string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{{c.Replies, "reply", "replies"}, {c.Likes, "like", "likes"}, {c.Shares, "share", "shares"}} {
		switch {
		case p.n == 1:
			parts = append(parts, "1 "+p.one)
		case p.n > 1:
			parts = append(parts, templates.Number(p.n)+" "+p.many)
		}
	}
	return strings.Join(parts, " · ")
}
