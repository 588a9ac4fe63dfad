package web

import (
	"net/http"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// neighbour is a peer for programs.
type neighbour struct {
	Host         string            `json:"host"`
	Name         string            `json:"name"`
	Place        string            `json:"place,omitempty"`
	Point        *directory.Point  `json:"point,omitempty"`
	State        string            `json:"state"`     // of our following, see stateWord
	Following    bool              `json:"following"` // we follow it, and carry its entries
	FollowsUs    bool              `json:"follows_us"`
	Entries      int               `json:"entries"`             // carried here
	Published    *int              `json:"published,omitempty"` // that it said to have when compared
	Missing      int               `json:"missing,omitempty"`   // of these, not carried after that
	Read         *int              `json:"read,omitempty"`
	Total        *int              `json:"total,omitempty"` // both while its directory is read whole
	LastContact  *time.Time        `json:"last_contact,omitempty"`
	AsOf         *time.Time        `json:"as_of,omitempty"`       // when its log was last read to the end, or compared
	LagSeconds   *int64            `json:"lag_seconds,omitempty"` // since as_of
	Compared     *time.Time        `json:"compared,omitempty"`
	Mended       int               `json:"mended,omitempty"` // entries, by the last comparison that mended some
	MendedAt     *time.Time        `json:"mended_at,omitempty"`
	ListedBy     []string          `json:"listed_by,omitempty"` // hosts of peers that list it
	Trouble      string            `json:"trouble,omitempty"`
	TroubleKind  directory.Trouble `json:"trouble_kind,omitempty"`
	TroubleSince *time.Time        `json:"trouble_since,omitempty"`
	Mend         string            `json:"mend,omitempty"`
	NotConfirmed *time.Time        `json:"not_confirmed_since,omitempty"`
	Hidden       bool              `json:"hidden"` // its entries are in no list
}

// listNetwork serves what the network page shows.
func (s *Server) listNetwork(w http.ResponseWriter, r *http.Request) error {
	n, err := s.neighbourhood(r.Context())
	if err != nil {
		return err
	}
	out := struct {
		Host       string      `json:"host"`
		Peers      []neighbour `json:"peers"`
		NotCarried leftOut     `json:"not_carried"`
	}{s.instance.Host, make([]neighbour, len(n.peers)), n.left}
	for k, p := range n.peers {
		out.Peers[k] = s.neighbour(p, n.vouchers[p.Host])
	}
	return writeJSON(w, out)
}

func (s *Server) neighbour(p directory.Peer, vouchers []string) neighbour {
	n := neighbour{
		Host: p.Host, Name: p.Name, Place: joined(", ", p.Locality, countryName(p.Country)), Point: p.Point,
		State: stateWord(p.State), Following: p.State == directory.PeerFollowing, FollowsUs: p.FollowsUs,
		Entries: p.Entries, Missing: p.Lacking, ListedBy: vouchers,
		LastContact: given(p.LastContact), AsOf: given(p.AsOf), Compared: given(p.Compared), Mended: p.Mended, MendedAt: given(p.MendedAt),
		Hidden: p.Hidden, NotConfirmed: given(p.Unconfirmed(s.now())),
	}
	if n.AsOf != nil {
		n.LagSeconds = new(int64(s.now().Sub(p.AsOf) / time.Second))
	}
	if n.Compared != nil {
		n.Published = &p.Listed
	}
	if p.Backfill != "" && p.Total > 0 {
		n.Read, n.Total = &p.Read, &p.Total
	}
	if problem := p.Problem(s.now()); problem != nil {
		n.Trouble, n.TroubleKind, n.TroubleSince, n.Mend = problem.Text, problem.Kind, given(problem.Since), problem.Mend
	}
	return n
}

// stateWord names the state of our following a peer for programs.
func stateWord(s directory.PeerState) string {
	switch s {
	case directory.PeerNone:
		return "not-followed"
	case directory.PeerDoubted:
		return "key-changed"
	}
	return string(s)
}
