package federation

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// changeActivity returns the activity that tells of a change of an own entry, the
// same whether it is sent or read.
func (s *Server) changeActivity(c *directory.Change) (json.RawMessage, error) {
	e := s.changeEnvelope(c)
	return s.proven(e)(s.writeChange(e, c))
}

// changeItem is changeActivity for a minimal page of the log, which has its context
// and comes from us: it needs no proof.
func (s *Server) changeItem(c *directory.Change) (json.RawMessage, error) {
	e := s.changeEnvelope(c)
	e.Item = true
	return s.writeChange(e, c)
}

func (s *Server) changeEnvelope(c *directory.Change) vocab.Envelope {
	root := s.Instance.DirectoryID()
	e := vocab.Envelope{
		ID: s.changeID(c.Position), Actor: root, To: []string{vocab.Public},
		CC: []string{root + "/followers"}, Published: c.Initiative.Updated,
	}
	if c.Type == directory.Edited {
		e.Actor = c.Initiative.ID
		e.CC = []string{c.Initiative.ID + "/followers", root + "/followers"}
	}
	return e
}

func (s *Server) writeChange(e vocab.Envelope, c *directory.Change) (json.RawMessage, error) {
	list := s.Instance.DirectoryID() + "/initiatives"
	if c.Type == directory.Removed && c.Initiative.State == directory.Moved && c.Initiative.MovedTo != "" {
		return vocab.RemoveMoved(e, c.Initiative.ID, c.Initiative.MovedTo, list)
	}
	if c.Type == directory.Removed {
		return vocab.Remove(e, c.Initiative.ID, list)
	}
	document, err := s.initiativeDocument(&c.Initiative, s.profile())
	if err != nil {
		return nil, err
	}
	if c.Type == directory.Edited {
		return vocab.UpdateActor(e, document)
	}
	return vocab.Add(e, document, list)
}

// changeID returns the id of the activity at a position of the log.
func (s *Server) changeID(position int64) string {
	return fmt.Sprintf("%s/log/%d", s.Instance.DirectoryID(), position)
}

// withdrawal returns the Delete of a withdrawn entry by itself, which servers
// that know nothing of directories understand.
func (s *Server) withdrawal(i *directory.Initiative) (json.RawMessage, error) {
	return s.provedBy(i.ID, i.Updated)(vocab.DeleteActor(vocab.Envelope{
		ID: i.ID + "#delete", Actor: i.ID, To: []string{vocab.Public}, Published: i.Updated,
	}))
}

// logEntry serves one activity of the log while it is the latest of its entry.
func (s *Server) logEntry(w http.ResponseWriter, r *http.Request) error {
	position, err := strconv.ParseInt(chi.URLParam(r, "position"), 10, 64)
	if err != nil {
		return refusef(http.StatusNotFound, "a position of the log is a number")
	}
	change, err := s.Store.ChangeAt(r.Context(), position)
	if err != nil {
		return err
	}
	document, err := s.changeActivity(change)
	return writeActivity(w, document, err)
}
