package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/templates"
)

type networkPage struct {
	Page
	Own      int
	Total    int
	Here     string // the place of this instance
	Rows     []peerRow
	Map      *networkMap
	Homeless int // peers that are nowhere on the map
}

type peerRow struct {
	directory.Peer
	Title   string
	Link    string
	Place   string
	Entries string
	Listing string // the search for its entries
	State   string
	Good    bool
	Trouble string
	Mend    string    // what can be done about it
	Lag     string    // how far behind what is carried may be
	Since   time.Time // since when nobody has confirmed its entries; zero for confirmed
}

func (s *Server) showNetwork(w http.ResponseWriter, r *http.Request) error {
	o, err := s.overview(r.Context())
	if err != nil {
		return err
	}
	peers, err := s.listedPeers(r.Context())
	if err != nil {
		return err
	}
	p := networkPage{
		Page: s.newPage(r, "Network"), Own: o.Own, Total: o.Total,
		Here: joined(", ", s.instance.Locality, countryName(s.instance.Country)),
	}
	p.Section = "network"
	p.Description = "The instances that " + s.instance.Name + " exchanges its directory with."
	for _, peer := range peers {
		p.Rows = append(p.Rows, s.peerRow(peer))
		if peer.Point == nil {
			p.Homeless++
		}
	}
	p.Map = s.networkMap(peers, o.Own)
	p.HasDrawing = p.Map != nil
	return s.render(w, "network", p)
}

// listedPeers returns the peers but for those that the operator keeps out of lists.
func (s *Server) listedPeers(ctx context.Context) ([]directory.Peer, error) {
	peers, err := s.store.Peers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list peers: %w", err)
	}
	blocks, err := s.store.Blocks(ctx)
	if err != nil {
		return nil, fmt.Errorf("list peers: %w", err)
	}
	return slices.DeleteFunc(peers, func(p directory.Peer) bool { return blocks.Of(p.Host) == directory.Limited }), nil
}

func (s *Server) peerRow(p directory.Peer) peerRow {
	row := peerRow{
		Peer: p, Title: p.Name, Link: "https://" + p.Host + "/", Entries: templates.Number(p.Entries),
		Place: joined(", ", p.Locality, countryName(p.Country)),
		State: peerState(p), Good: p.State == directory.PeerFollowing && p.LastError == "",
	}
	if directory.HostOf(p.ActorID) != "" && s.instance.Scheme == "http" {
		row.Link = "http://" + p.Host + "/"
	}
	if row.Title == "" {
		row.Title = p.Host
	}
	if p.Entries > 0 {
		row.Listing = "/search?origin=" + p.Host
	}
	row.Trouble, row.Mend = p.LastError, mend(p)
	row.Lag, row.Since = s.lag(p), p.Unconfirmed(s.now())
	return row
}

// lag says how far behind what is carried from a peer may be.
func (s *Server) lag(p directory.Peer) string {
	switch {
	case p.State == directory.PeerDoubted:
		return "not read any more"
	case p.State != directory.PeerFollowing:
		return "not carried"
	case p.Cursor == "" || p.Backfill != "":
		if p.Total == 0 {
			return "being read"
		}
		return fmt.Sprintf("%s of %s read", templates.Number(min(p.Read, p.Total)), templates.Number(p.Total))
	case p.FailingSince.IsZero():
		return "up to date"
	}
	return "behind"
}

// mend says what an operator can do about a peer that something is wrong with.
func mend(p directory.Peer) string {
	switch {
	case p.LastError == "":
		return ""
	case p.State == directory.PeerRefused:
		return "Ask its operator, then try again with “commonage peer add " + p.Host + "”."
	case p.State == directory.PeerDoubted:
		return "Somebody else may have got hold of its name. Ask those who run it; if the key is theirs, “commonage peer trust " + p.Host + "” believes it."
	case p.State != directory.PeerFollowing:
		return "It is tried again by itself. If the name is wrong, take it back with “commonage peer remove " + p.Host + "”."
	case p.FailingSince.IsZero():
		return "The entries that are here are kept up to date. “commonage peer remove " + p.Host + "” forgets them."
	case p.Hidden:
		return "Its entries left search and map. They come back when it does; “commonage peer remove " + p.Host + "” forgets them."
	}
	return "It is tried again by itself, less and less often. “commonage peer sync " + p.Host + "” tries at once."
}

// neighbour is a peer for programs.
type neighbour struct {
	Host         string           `json:"host"`
	Name         string           `json:"name"`
	Place        string           `json:"place,omitempty"`
	Point        *directory.Point `json:"point,omitempty"`
	Following    bool             `json:"following"` // we follow it, and carry its entries
	FollowsUs    bool             `json:"follows_us"`
	Entries      int              `json:"entries"` // carried here
	Read         *int             `json:"read,omitempty"`
	Total        *int             `json:"total,omitempty"` // both while its directory is read for the first time
	LastContact  *time.Time       `json:"last_contact,omitempty"`
	LagSeconds   *int64           `json:"lag_seconds,omitempty"` // since the last contact
	Trouble      string           `json:"trouble,omitempty"`
	Mend         string           `json:"mend,omitempty"`
	NotConfirmed *time.Time       `json:"not_confirmed_since,omitempty"`
	Hidden       bool             `json:"hidden"` // its entries are in no list
}

// listNetwork serves what the network page shows.
func (s *Server) listNetwork(w http.ResponseWriter, r *http.Request) error {
	peers, err := s.listedPeers(r.Context())
	if err != nil {
		return err
	}
	out := struct {
		Host  string      `json:"host"`
		Peers []neighbour `json:"peers"`
	}{s.instance.Host, make([]neighbour, len(peers))}
	for k := range peers {
		out.Peers[k] = s.neighbour(peers[k])
	}
	return writeJSON(w, out)
}

func (s *Server) neighbour(p directory.Peer) neighbour {
	n := neighbour{
		Host: p.Host, Name: p.Name, Place: joined(", ", p.Locality, countryName(p.Country)), Point: p.Point,
		Following: p.State == directory.PeerFollowing, FollowsUs: p.FollowsUs, Entries: p.Entries,
		Trouble: p.LastError, Mend: mend(p), Hidden: p.Hidden, NotConfirmed: given(p.Unconfirmed(s.now())),
		LastContact: given(p.LastContact),
	}
	if n.LastContact != nil {
		n.LagSeconds = new(int64(s.now().Sub(p.LastContact) / time.Second))
	}
	if p.Backfill != "" && p.Total > 0 {
		n.Read, n.Total = &p.Read, &p.Total
	}
	return n
}

// given returns nil for the zero time.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// unconfirmed returns since when the entries of origins have not been confirmed,
// of those that do not answer.
func (s *Server) unconfirmed(ctx context.Context) (map[string]*time.Time, error) {
	peers, err := s.store.FailingPeers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list failing peers: %w", err)
	}
	since := map[string]*time.Time{}
	for k := range peers {
		since[peers[k].Host] = given(peers[k].Unconfirmed(s.now()))
	}
	return since, nil
}

// peerState says in words how we stand with a peer.
func peerState(p directory.Peer) string {
	switch p.State {
	case directory.PeerSearching:
		return "We are looking for its directory"
	case directory.PeerRequested:
		return "We asked to follow it and wait for its answer"
	case directory.PeerRefused:
		return "It does not want us to follow it"
	case directory.PeerDoubted:
		return "We no longer believe that it is the one we followed"
	case directory.PeerFollowing:
		if p.FollowsUs {
			return "We follow each other"
		}
		return "We follow it"
	}
	if p.FollowsUs {
		return "It follows us"
	}
	return "Known"
}
