package federation

import (
	"context"
	"errors"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// onFlag puts a report before the moderators. Who reported stays unknown: only
// the server is kept (INTEROP P15).
func (s *Server) onFlag(ctx context.Context, tx *store.Store, in incoming) error {
	// load
	var objects []string
	ours := false
	for _, o := range in.Objects[:min(len(in.Objects), directory.MaxReportObjects)] {
		if directory.HostOf(o.ID) == "" {
			continue
		}
		known, err := s.isOurs(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		ours = ours || known
		objects = append(objects, o.ID)
	}
	if !ours {
		return nil
	}
	// permit
	host := directory.HostOf(in.from)
	n, err := tx.CountReportsSince(ctx, host, s.Now().Add(-time.Hour))
	if err != nil {
		return err
	}
	if n >= directory.ReportsPerHost {
		s.Log.WarnContext(ctx, "report ignored, there were too many", "host", host, "count", n)
		return nil
	}
	// change
	return tx.AddReport(ctx, &directory.Report{
		ID: s.newID(), Host: host, Objects: objects, Text: in.Content, Received: s.Now(),
	})
}

// isOurs reports whether moderators here can do something about the thing with
// the id.
func (s *Server) isOurs(ctx context.Context, tx *store.Store, id string) (bool, error) {
	if s.Instance.Owns(id) {
		return true, nil
	}
	_, err := tx.Reply(ctx, id)
	if errors.Is(err, directory.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
