package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/templates"
)

const (
	// maxPeerRows is how many peers the table shows; the JSON has all.
	maxPeerRows = 500

	// maxVouches is how many words of peers for each other are read.
	maxVouches = 10_000

	// maxNamed is how many instances are named in one line of text.
	maxNamed = 5
)

type networkPage struct {
	Page
	Own      int
	Total    int
	Here     string // the place of this instance
	Rows     []peerRow
	More     int // peers that are not in Rows
	Map      *networkMap
	Homeless int // peers that have not said where they are
	Missing  []missing
}

type peerRow struct {
	directory.Peer
	Title    string
	Link     string
	Place    string
	Entries  string
	Carried  string // the search for its entries
	State    string
	Good     bool
	Problem  *directory.Problem
	Lag      string  // how far behind what is carried may be
	AsOf     *moment // when that was last known
	Contact  *moment
	Compared *moment // and what that came to
	Mended   string
	Since    *moment // since when nobody has confirmed its entries
	Vouchers string
}

// missing is a reason for which something is not carried here.
type missing struct{ What, Why string }

// neighbourhood is what is public of the instances that we know.
type neighbourhood struct {
	peers    []directory.Peer
	vouchers map[string][]string // hosts of peers that list it, by host
	vouches  []store.Vouch
	left     leftOut
}

// leftOut counts what is not carried by the operator's decisions. It names nobody.
type leftOut struct {
	Blocked  int `json:"blocked"`  // servers and people
	Limited  int `json:"limited"`  // the same, kept out of lists
	Unlisted int `json:"unlisted"` // peers that do not want to be listed
	Refused  int `json:"refused"`  // instances that shall not be followed
	Waiting  int `json:"waiting"`  // instances that we heard of
	Unfit    int `json:"unfit"`    // the same that cannot be followed, or do not want to be
}

func (s *Server) showNetwork(w http.ResponseWriter, r *http.Request) error {
	o, err := s.overview(r.Context())
	if err != nil {
		return err
	}
	n, err := s.neighbourhood(r.Context())
	if err != nil {
		return err
	}
	p := networkPage{
		Page: s.newPage(r, "Network"), Own: o.Own, Total: o.Total,
		Here: joined(", ", s.instance.Locality, countryName(s.instance.Country)),
	}
	p.Section = "network"
	p.Description = "The instances that " + s.instance.Name + " exchanges its directory with."
	shown := n.peers[:min(len(n.peers), maxPeerRows)]
	p.More = len(n.peers) - len(shown)
	for _, peer := range shown {
		p.Rows = append(p.Rows, s.peerRow(peer, n.vouchers[peer.Host]))
		if peer.Point == nil {
			p.Homeless++
		}
	}
	p.Map = s.networkMap(shown, n.vouches, o.Own)
	p.HasDrawing = p.Map != nil
	p.Missing = n.missing()
	return s.render(w, "network", p)
}

// publicPeers returns the peers but for those that the operator keeps out of lists or
// that do not want to be in one, and how many the latter are.
func (s *Server) publicPeers(ctx context.Context) (public []directory.Peer, unlisted int, err error) {
	blocks, err := s.store.Blocks(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list peers: %w", err)
	}
	peers, err := s.store.Peers(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list peers: %w", err)
	}
	hosts, err := s.store.UnlistedHosts(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list peers: %w", err)
	}
	shy := make(map[string]bool, len(hosts))
	for _, host := range hosts {
		shy[host] = true
	}
	for _, p := range peers {
		kind := blocks.Of(p.Host)
		switch {
		case kind == directory.Limited, kind == directory.Blocked:
		case shy[p.Host]:
			unlisted++
		default:
			public = append(public, p)
		}
	}
	return public, unlisted, nil
}

// neighbourhood returns what is public of the instances that we know: the peers, which
// of them list each other, and what is not carried.
func (s *Server) neighbourhood(ctx context.Context) (*neighbourhood, error) {
	peers, unlisted, err := s.publicPeers(ctx)
	if err != nil {
		return nil, err
	}
	blocks, err := s.store.Blocks(ctx)
	if err != nil {
		return nil, fmt.Errorf("list peers: %w", err)
	}
	states, err := s.store.CandidateStates(ctx)
	if err != nil {
		return nil, fmt.Errorf("list peers: %w", err)
	}
	n := &neighbourhood{peers: peers, vouchers: map[string][]string{}}
	n.left = leftOut{
		Blocked: blocks.Count(directory.Blocked), Limited: blocks.Count(directory.Limited), Unlisted: unlisted,
		Refused: states[directory.CandidateRefused], Unfit: states[directory.CandidateUnfit],
		Waiting: states[directory.CandidateWaiting] + states[directory.CandidateFound],
	}
	public := map[string]bool{}
	for _, p := range peers {
		public[p.Host] = true
	}
	vouches, err := s.store.Vouches(ctx, maxVouches)
	if err != nil {
		return nil, fmt.Errorf("list peers: %w", err)
	}
	for _, v := range vouches {
		if public[v.Voucher] && public[v.Host] {
			n.vouches = append(n.vouches, v)
			n.vouchers[v.Host] = append(n.vouchers[v.Host], v.Voucher)
		}
	}
	return n, nil
}

func (s *Server) peerRow(p directory.Peer, vouchers []string) peerRow {
	row := peerRow{
		Peer: p, Title: cmp.Or(p.Name, p.Host), Link: "https://" + p.Host + "/", Entries: templates.Number(p.Entries),
		Place: joined(", ", p.Locality, countryName(p.Country)), State: peerState(p), Problem: p.Problem(s.now()),
		Lag: lag(p), AsOf: s.moment(p.AsOf), Contact: s.moment(p.LastContact), Compared: s.moment(p.Compared),
		Mended: mended(p), Since: s.moment(p.Unconfirmed(s.now())), Vouchers: named(vouchers),
	}
	row.Good = p.State == directory.PeerFollowing && row.Problem == nil
	if directory.HostOf(p.ActorID) != "" && s.instance.Scheme == "http" {
		row.Link = "http://" + p.Host + "/"
	}
	if p.Entries > 0 {
		row.Carried = "/search?origin=" + p.Host
	}
	return row
}

// lag says how far behind what is carried from a peer may be.
func lag(p directory.Peer) string {
	reading := p.Cursor == "" || p.Backfill != ""
	switch {
	case p.State == directory.PeerDoubted, p.State != directory.PeerFollowing && p.Entries > 0:
		return "not read any more"
	case p.State != directory.PeerFollowing:
		return "not carried"
	case !p.FailingSince.IsZero():
		return "behind"
	case reading && p.Total == 0:
		return "being read"
	case reading:
		return fmt.Sprintf("%s of %s read", templates.Number(min(p.Read, p.Total)), templates.Number(p.Total))
	case p.Lacking > 0:
		return fmt.Sprintf("%s of its %s missing", templates.Number(p.Lacking), templates.Number(p.Listed))
	}
	return "up to date"
}

// mended says what the last comparison with a peer came to.
func mended(p directory.Peer) string {
	if p.MendedAt.IsZero() || !p.MendedAt.Equal(p.Compared) {
		return "nothing to mend"
	}
	return templates.Number(p.Mended) + " mended"
}

// missing lists what is not carried, and why. It names peers only.
func (n *neighbourhood) missing() []missing {
	var list []missing
	add := func(why, what string) {
		if what != "" {
			list = append(list, missing{what, why})
		}
	}
	of := func(which func(directory.Peer) bool) string {
		var names []string
		for _, p := range n.peers {
			if which(p) {
				names = append(names, cmp.Or(p.Name, p.Host))
			}
		}
		return named(names)
	}
	in := func(state directory.PeerState) func(directory.Peer) bool {
		return func(p directory.Peer) bool { return p.State == state }
	}
	add("They do not want this instance to follow them.", of(in(directory.PeerRefused)))
	add("They show another key than before. Nothing is read there until that is cleared up; what is here stays.", of(in(directory.PeerDoubted)))
	add("They were asked, and have not answered yet.", of(in(directory.PeerRequested)))
	add("Their directory has not been found yet.", of(in(directory.PeerSearching)))
	add("They have not answered for so long that their entries left search and map. They come back when they do.",
		of(func(p directory.Peer) bool { return p.Hidden }))
	add("They follow this instance, which does not follow them.", of(func(p directory.Peer) bool { return !p.Wanted && p.FollowsUs }))
	for _, p := range n.peers {
		if p.State == directory.PeerFollowing && p.Lacking > 0 && len(list) < maxPeerRows {
			add("They were left out when last compared: they cannot be read, somebody here decided against them, or they are too many.",
				fmt.Sprintf("%s of the %s of %s", templates.Number(p.Lacking), templates.Plural(p.Listed, "entry", "entries"), cmp.Or(p.Name, p.Host)))
		}
	}
	return append(list, n.left.missing()...)
}

// missing lists what the decisions leave out, in numbers.
func (l leftOut) missing() []missing {
	var list []missing
	for _, c := range []struct {
		n              int
		one, more, why string
	}{
		{l.Blocked, "server or person", "servers and people", "Those who run this instance have blocked them. They are not named here."},
		{l.Limited, "server or person", "servers and people", "Those who run this instance keep them out of lists. They are not named here."},
		{l.Unlisted, "instance", "instances", "There is an exchange with them, but they do not want to be listed."},
		{l.Refused, "instance", "instances", "Those who run this instance decided not to follow them."},
		{l.Waiting, "instance", "instances", "This instance has heard of them. They wait for a decision."},
		{l.Unfit, "instance", "instances", "This instance has heard of them, but they cannot be followed, or do not want to be."},
	} {
		if c.n > 0 {
			list = append(list, missing{templates.Plural(c.n, c.one, c.more), c.why})
		}
	}
	return list
}

// named lists the first of some names.
func named(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		return strings.Join(names[:maxNamed], ", ") + " and " + templates.Number(more) + " more"
	}
	return strings.Join(names, ", ")
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
