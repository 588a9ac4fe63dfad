package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/prose"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// How long a post waits for the people it names to be found, and how many of
// them are looked for at once.
const (
	mentionTime    = 15 * time.Second
	mentionsAtOnce = 4
)

// findMentioned finds the people whom a post names, and then lets it be sent. It
// tries once: who cannot be found stays a word of the text, and a post is not
// kept back for a server that is away. So does who blocked the initiative.
func (s *Server) findMentioned(ctx context.Context, j *directory.Job) (time.Time, error) {
	p, err := s.Store.Post(ctx, j.Payload)
	if errors.Is(err, directory.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	found := s.mentions(ctx, p)
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	return time.Time{}, s.Store.Tx(ctx, func(tx *store.Store) error {
		now, err := tx.Post(ctx, p.ID)
		if err != nil {
			return err
		}
		if !now.Deleted && now.Text == p.Text { // else another job looks for others
			blockers, err := tx.Blockers(ctx, p.InitiativeID)
			if err != nil {
				return err
			}
			found = slices.DeleteFunc(found, func(m directory.Mention) bool { return blocked(blockers, m) })
			if err := tx.SetMentions(ctx, p.ID, found); err != nil {
				return err
			}
		}
		send := &directory.Job{ID: s.newID(), Kind: curation.PostJob, Key: j.Key, Payload: p.ID, Created: s.Now()}
		return tx.PutJob(ctx, send, s.Now())
	})
}

func blocked(blockers map[string]string, m directory.Mention) bool {
	_, by := blockers[m.ID]
	return by
}

// mentions returns those of the people named in a post who are found.
func (s *Server) mentions(ctx context.Context, p *directory.Post) []directory.Mention {
	ctx, cancel := context.WithTimeout(ctx, mentionTime)
	defer cancel()
	named := prose.Mentions(p.Text)
	named = named[:min(len(named), directory.MaxMentions)]
	found := make([]directory.Mention, len(named))
	group := new(errgroup.Group)
	group.SetLimit(mentionsAtOnce)
	for k, acct := range named {
		group.Go(func() error {
			m, err := s.mention(ctx, acct)
			if err != nil {
				s.Log.InfoContext(ctx, "mentioned not found", "post", p.ID, "acct", acct, "err", err)
				return nil
			}
			found[k] = m
			return nil
		})
	}
	_ = group.Wait() //nolint:errcheck // its functions return none
	seen := map[string]bool{}
	return slices.DeleteFunc(found, func(m directory.Mention) bool {
		again := m.ID == "" || seen[m.ID]
		seen[m.ID] = true
		return again
	})
}

// mention finds one person.
func (s *Server) mention(ctx context.Context, acct string) (directory.Mention, error) {
	handle, host, _ := strings.Cut(acct, "@")
	if s.Instance.IsCalled(host) {
		id, err := s.actorByHandle(ctx, strings.ToLower(handle))
		return directory.Mention{Acct: acct, ID: id, URL: id}, err
	}
	doc, err := s.Client.ResolveActor(ctx, acct)
	if err != nil {
		return directory.Mention{}, err
	}
	a, err := vocab.ParseActor(doc.Body)
	if err == nil {
		err = a.Check()
	}
	if err != nil {
		return directory.Mention{}, err
	}
	m := directory.Mention{Acct: acct, ID: a.ID, URL: a.URL, Inbox: a.Inbox}
	if a.SharedInbox != "" {
		m.Inbox = a.SharedInbox
	}
	if directory.ValidateURL("url", m.URL) != nil {
		m.URL = a.ID
	}
	if directory.HostOf(m.Inbox) != directory.HostOf(a.ID) {
		return directory.Mention{}, fmt.Errorf("%w: the inbox of %s is on another host", errUntrusted, a.ID)
	}
	return m, nil
}
