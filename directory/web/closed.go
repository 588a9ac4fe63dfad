package web

import (
	"fmt"
	"net/http"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// closedPage is the first page of an instance whose directory closed for good.
type closedPage struct {
	Page
	Since time.Time
	Moved []tryLink // initiatives, with where they are now
	Next  string    // the page with more of them, or ""
}

const (
	movedPerPage = 200
	paramAfter   = "after" // the last handle of the page before
)

// showClosed says that the directory closed, and where its initiatives are now.
func (s *Server) showClosed(w http.ResponseWriter, r *http.Request, since time.Time) error {
	after := r.URL.Query().Get(paramAfter)
	list, err := s.store.OwnInitiatives(r.Context(), s.instance.Host, directory.Moved, after, movedPerPage)
	if err != nil {
		return fmt.Errorf("list what moved: %w", err)
	}
	p := closedPage{Page: s.newPage(r, "Closed"), Since: since}
	for _, i := range list {
		p.Moved = append(p.Moved, tryLink{i.Name, i.MovedTo})
	}
	if len(list) == movedPerPage {
		p.Next = address("/", map[string][]string{paramAfter: {list[movedPerPage-1].Handle}})
	}
	p.NoIndex = true
	return s.renderStatus(w, http.StatusGone, "closed", p)
}
