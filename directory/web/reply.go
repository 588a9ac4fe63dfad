package web

import (
	"context"
	"fmt"
	"html/template"
	"net/url"
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

// manyReplies is how many replies the page of a post shows at once.
const manyReplies = 200

// paramReplies is the key of the reply after which a page goes on.
const paramReplies = "replies"

// replies returns the approved replies under a post after the one with the key, and
// where more are, if there are.
func (s *Server) replies(ctx context.Context, postID, after string) (shown []replyView, next string, err error) {
	list, err := s.store.RepliesTo(ctx, postID, after, manyReplies+1)
	if err != nil {
		return nil, "", fmt.Errorf("list replies to %s: %w", postID, err)
	}
	if len(list) > manyReplies {
		list = list[:manyReplies]
		next = address("", url.Values{paramReplies: {list[manyReplies-1].Key}})
	}
	return replyViews(list), next, nil
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
