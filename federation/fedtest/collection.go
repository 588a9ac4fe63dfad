package fedtest

import (
	"context"
	"errors"
)

// maxPages is how many pages of a collection are read (S10).
const maxPages = 10

// readCollections reads what a full refresh of an account reads (A5) into it
// and returns the rules that were broken.
func (s *Server) readCollections(ctx context.Context, a *account) []error {
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	count := func(key string, total *int) Object {
		if a.doc.ID(key) == "" {
			return nil
		}
		root, err := s.collectionRoot(ctx, a.doc.ID(key))
		note(err)
		if n, ok := root["totalItems"].(float64); ok {
			*total = int(n)
		}
		return root
	}
	count("outbox", &a.Posts) // C1: nothing of it but the number
	followers, following := count("followers", &a.Followers), count("following", &a.Following)
	a.HidesNetwork = followers["first"] == nil || following["first"] == nil
	var err error
	a.Pinned, err = s.readFeatured(ctx, a)
	note(err)
	a.FeaturedTags, err = s.readFeaturedTags(ctx, a)
	note(err)
	return errs
}

// collectionRoot fetches a collection: a document under its own id, of a
// collection type, with a number of items (A5, C2).
func (s *Server) collectionRoot(ctx context.Context, id string) (Object, error) {
	doc, err := s.fetchNamed(ctx, id)
	if e := (*RuleError)(nil); errors.As(err, &e) && e.fetch {
		return nil, broke("A5", "%v", e)
	}
	if err != nil {
		return nil, err
	}
	if !doc.is("Collection", "OrderedCollection") {
		return nil, broke("C2", "%s is of type %v", id, doc["type"])
	}
	if _, ok := doc["totalItems"].(float64); !ok {
		return doc, broke("C2", "%s has totalItems %v", id, doc["totalItems"])
	}
	return doc, nil
}

// items returns those of a collection or page: items of a Collection,
// orderedItems of an ordered one, and a list even if it has one (C2).
func items(doc Object) ([]any, error) {
	key, other := "items", "orderedItems"
	if doc.is("OrderedCollection", "OrderedCollectionPage") {
		key, other = other, key
	}
	list, ok := doc[key].([]any)
	switch {
	case doc[other] != nil:
		return nil, broke("C2", "%s, a %v, has %s", doc.String("id"), doc["type"], other)
	case doc[key] != nil && !ok:
		return doc.List(key), broke("C2", "%s of %s is no array", key, doc.String("id"))
	}
	return list, nil
}

// page returns an embedded page, or fetches it. It must be on the collection's
// host and say that it belongs to it (C2).
func (s *Server) page(ctx context.Context, collection string, v any) (Object, error) {
	doc := object(v)
	if doc == nil {
		if !sameHost(idOf(v), collection) {
			return nil, broke("C2", "page %v of %s is on another host", v, collection)
		}
		var err error
		if doc, err = s.fetchNamed(ctx, idOf(v)); err != nil {
			return nil, err
		}
	}
	switch {
	case !doc.is("CollectionPage", "OrderedCollectionPage"):
		return nil, broke("C2", "page %s is of type %v", doc.String("id"), doc["type"])
	case doc.ID("partOf") != collection:
		return nil, broke("C2", "page %s is part of %q, not of %s", doc.String("id"), doc.ID("partOf"), collection)
	}
	return doc, nil
}

// Collection reads a collection and at most ten of its pages, as Mastodon
// reads one. The items read before a rule was broken are returned too.
func (s *Server) Collection(ctx context.Context, id string) (total int, all []any, err error) {
	doc, err := s.collectionRoot(ctx, id)
	if err != nil {
		return 0, nil, err
	}
	number, _ := doc["totalItems"].(float64)
	seen := map[string]bool{}
	next := doc["first"]
	all, err = items(doc)
	for n := 0; err == nil && next != nil && n < maxPages; n++ {
		if seen[idOf(next)] {
			return int(number), all, broke("S10", "page %s comes again", idOf(next))
		}
		seen[idOf(next)] = true
		if doc, err = s.page(ctx, id, next); err != nil {
			break
		}
		var more []any
		more, err = items(doc)
		all, next = append(all, more...), doc["next"]
	}
	return int(number), all, err
}

// readFeatured reads the pinned posts: the first page only, ids or embedded
// Notes, of the actor's own (C3).
func (s *Server) readFeatured(ctx context.Context, a *account) ([]Status, error) {
	id := a.doc.ID("featured")
	if id == "" {
		return nil, nil
	}
	list, err := s.firstItems(ctx, id)
	if err != nil {
		return nil, err
	}
	var pinned []Status
	var errs []error
	for _, v := range list {
		status, err := s.featuredStatus(ctx, a, v)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		pinned = append(pinned, *status)
	}
	return pinned, errors.Join(errs...)
}

func (s *Server) firstItems(ctx context.Context, id string) ([]any, error) {
	doc, err := s.collectionRoot(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := items(doc)
	if err != nil || len(list) > 0 || doc["first"] == nil {
		return list, err
	}
	if doc, err = s.page(ctx, id, doc["first"]); err != nil {
		return nil, err
	}
	return items(doc)
}

func (s *Server) featuredStatus(ctx context.Context, a *account, v any) (*Status, error) {
	doc := object(v)
	id := idOf(v)
	switch {
	case !sameHost(id, a.ID):
		return nil, broke("C3", "pinned %v is on another host than %s", id, a.ID)
	case doc != nil && !doc.is("Note"):
		return nil, broke("C3", "pinned %s is embedded and of type %v", id, doc["type"])
	case doc == nil:
		var err error
		if doc, err = s.fetchNamed(ctx, id); err != nil {
			return nil, err
		}
	}
	if doc.ID("attributedTo") != a.ID {
		return nil, broke("C3", "pinned %s is by %q", id, doc.ID("attributedTo"))
	}
	return s.readStatus(doc, a)
}

// readFeaturedTags reads at most ten Hashtag objects (C3).
func (s *Server) readFeaturedTags(ctx context.Context, a *account) ([]string, error) {
	id := a.doc.ID("featuredTags")
	if id == "" {
		return nil, nil
	}
	list, err := s.firstItems(ctx, id)
	if err != nil {
		return nil, err
	}
	var tags []string
	for _, v := range list[:min(len(list), 10)] {
		tag := object(v)
		if !tag.is("Hashtag") || tag.String("name") == "" || tag.String("href") == "" {
			return tags, broke("C3", "featured tag %v is no Hashtag object", v)
		}
		tags = append(tags, tag.String("name"))
	}
	return tags, nil
}
