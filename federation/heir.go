package federation

import (
	"context"
	"fmt"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// maxHeirPages bounds how much of a log is read for heirs: its newest changes, which
// adoptions are among.
const maxHeirPages = 100

// FindHeirs asks the instance at host which of its published entries say that they
// were an initiative of ours before. It need not be followed. Only the newest changes
// of its directory are looked at, 10,000 where pages have a hundred, and of the heirs
// known, which are of that host, those that an older change told of are asked for one
// by one.
func FindHeirs(ctx context.Context, c *client.Client, ours directory.Instance, host string, known []directory.Heir) ([]directory.Heir, error) {
	s := &heirSearch{client: c, ours: ours, host: host}
	page, err := s.firstPage(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s what it adopted: %w", host, err)
	}
	seen := map[string]bool{}
	for page != "" && !seen[page] && len(seen) < maxHeirPages {
		seen[page] = true
		if page, err = s.read(ctx, page); err != nil {
			return nil, fmt.Errorf("ask %s what it adopted: %w", host, err)
		}
	}
	if page == "" {
		return s.heirs, nil
	}
	return s.heirs, s.askFor(ctx, known)
}

// heirSearch looks for heirs in the log of one instance.
type heirSearch struct {
	client *client.Client
	ours   directory.Instance
	host   string
	told   map[string]bool // entries that the log told of
	heirs  []directory.Heir
}

// firstPage returns the address of the newest page of the log.
func (s *heirSearch) firstPage(ctx context.Context) (string, error) {
	name := directory.DirectoryHandle + "@" + s.host
	doc, err := s.client.ResolveActor(ctx, name)
	if err != nil {
		return "", err
	}
	actor, err := vocab.ParseActor(doc.Body)
	if err != nil {
		return "", &client.InvalidError{URL: name, Reason: err.Error()}
	}
	if !actor.IsDirectory() || !s.speaksFor(actor.ID) {
		return "", &client.InvalidError{URL: name, Reason: "publishes no directory"}
	}
	outbox, err := s.collection(ctx, actor.Outbox)
	if err != nil {
		return "", err
	}
	s.told = map[string]bool{}
	return outbox.First, nil
}

// speaksFor reports whether the instance may tell of what has the id. The host alone
// would let anyone between us speak for it without encryption.
func (s *heirSearch) speaksFor(id string) bool {
	return client.SameOrigin(id, s.ours.Scheme+"://"+s.host)
}

func (s *heirSearch) collection(ctx context.Context, address string) (*vocab.Collection, error) {
	if !s.speaksFor(address) {
		return nil, &client.InvalidError{URL: address, Reason: "is not on " + s.host}
	}
	doc, err := s.client.LeanPage(ctx, address, "")
	if err != nil {
		return nil, err
	}
	c, err := vocab.ParseCollection(doc.Body)
	if err != nil {
		return nil, &client.InvalidError{URL: address, Reason: err.Error()}
	}
	return c, nil
}

// read takes the heirs of one page, and returns the address of the next. What is not
// an entry is left out.
func (s *heirSearch) read(ctx context.Context, address string) (next string, err error) {
	page, err := s.collection(ctx, address)
	if err != nil {
		return "", err
	}
	for k := range page.Items {
		a, err := page.Activity(k)
		if err != nil || s.told[a.Object.ID] || !s.speaksFor(a.Object.ID) {
			continue
		}
		s.told[a.Object.ID] = true
		if a.Object.Raw == nil || a.Type != "Add" && a.Type != "Update" {
			continue // it was withdrawn, or moved on
		}
		if entry, _, err := a.Object.Entry(); err == nil && entry.ID == a.Object.ID {
			s.take(entry)
		}
	}
	return page.Next, nil
}

func (s *heirSearch) take(i *directory.Initiative) {
	for _, old := range i.AlsoKnownAs {
		if strings.HasPrefix(old, s.ours.InitiativeID("")) {
			s.heirs = append(s.heirs, directory.Heir{Old: old, ID: i.ID})
		}
	}
}

// askFor takes those of the heirs that the log did not tell of and that still are.
func (s *heirSearch) askFor(ctx context.Context, known []directory.Heir) error {
	for _, h := range known {
		if s.told[h.ID] {
			continue
		}
		id, err := MoveTarget(ctx, s.client, h.Old, h.ID)
		switch {
		case client.Retryable(err):
			return fmt.Errorf("ask for %s: %w", h.ID, err)
		case err == nil && id == h.ID:
			s.heirs = append(s.heirs, h)
		}
	}
	return nil
}
