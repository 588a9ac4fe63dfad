package peering

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/client"
	"codeberg.org/commonage/commonage/federation/vocab"
)

const (
	maxCheckTries = 5 // in vain, before a candidate is left alone for long
	maxWaiting    = 2000
	maxSamples    = 3

	checksAtOnce   = 8
	checkTimeLimit = 4 * time.Minute  // for all of a round, but those under way
	inspectLimit   = 30 * time.Second // for one, with all that it is asked
)

// Introduce notes that an instance which we do not follow follows us: it becomes
// a candidate by that.
func (p *Peering) Introduce(ctx context.Context, tx *store.Store, host string) error {
	if !p.searching() {
		return nil
	}
	known, err := tx.Candidate(ctx, host)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		known = &directory.Candidate{
			Host: host, Domain: RegisteredDomain(host), State: directory.CandidateFound, Found: p.Now(),
		}
		room, err := p.roomFor(ctx, tx, known.Domain)
		if err != nil || !room {
			return err
		}
	case err != nil || decided(string(known.State)):
		return err
	}
	known.Introduced = p.Now()
	if err := tx.PutCandidate(ctx, known); err != nil {
		return err
	}
	p.pace.quiet.Store(0)
	return p.VisitSoon(ctx, tx, "")
}

// roomFor reports whether there is room for one more, of a domain, that introduces
// itself.
func (p *Peering) roomFor(ctx context.Context, tx *store.Store, domain string) (bool, error) {
	introduced, err := tx.CountIntroduced(ctx, p.Now().Add(-BroughtSpan))
	if err != nil || introduced >= MaxIntroduced {
		return false, err
	}
	count, err := p.makeRoom(ctx, tx, 1)
	if err != nil {
		return false, err
	}
	return count.Undecided < MaxCandidates && count.Of[domain] < MaxOfDomain, nil
}

// consider looks at candidates that were not looked at, and decides about those
// that wait. It reports whether there was anything to do.
func (p *Peering) consider(ctx context.Context, peers []directory.Peer) (busy bool, err error) {
	now := p.Now()
	fresh, err := p.Store.CandidatesToCheck(ctx, now.Add(-recheckFailed), now.Add(-recheckUnfit), CheckAtOnce)
	if err != nil {
		return false, err
	}
	if err := p.checkAll(ctx, fresh); err != nil {
		return true, err
	}
	followed, err := p.decide(ctx, peers)
	return len(fresh) > 0 || followed > 0, err
}

// checkAll looks at candidates, a few at once. Those that there is no time for have
// their turn in the next round: one silent host after the other must not hold up
// what is decided about all others.
func (p *Peering) checkAll(ctx context.Context, list []directory.Candidate) error {
	began := p.Now()
	group, limited := errgroup.WithContext(ctx)
	group.SetLimit(checksAtOnce)
	for k := range list {
		if limited.Err() != nil || p.Now().Sub(began) > checkTimeLimit {
			break
		}
		group.Go(func() error { return p.check(limited, &list[k]) })
	}
	return group.Wait()
}

// decide follows those of the waiting candidates that may be followed without the
// operator, and takes strangers for full that are vouched for by now. It returns
// how many decisions it took.
func (p *Peering) decide(ctx context.Context, peers []directory.Peer) (taken int, err error) {
	if p.Policy != directory.PeersOpen {
		return 0, nil
	}
	waiting, err := p.Store.Candidates(ctx, directory.CandidateWaiting, maxWaiting)
	if err != nil {
		return 0, err
	}
	strange, err := p.Store.StrangeCandidates(ctx, p.Now().Add(-StrangerSpan))
	if err != nil || len(waiting)+len(strange) == 0 {
		return 0, err
	}
	j, err := p.judge(ctx, peers)
	if err != nil {
		return 0, err
	}
	err = p.Store.Change(ctx, func(tx *store.Store) error {
		now := p.Now()
		if j.count, err = tx.CountCandidates(ctx, now.Add(-FollowedSpan), now.Add(-StrangerSpan)); err != nil {
			return err
		}
		promoted, err := p.promote(ctx, tx, j, strange)
		if err != nil {
			return err
		}
		followed, err := p.takeWaiting(ctx, tx, j, waiting)
		taken = promoted + followed
		return err
	})
	return taken, err
}

// promote takes strangers for full that enough peers list by now, and returns how
// many they were.
func (p *Peering) promote(ctx context.Context, tx *store.Store, j *judge, strange []directory.Candidate) (n int, err error) {
	for k := range strange {
		if j.verdict(&strange[k], true) != Follow {
			continue
		}
		n++
		strange[k].Stranger = false
		if err := tx.PutCandidate(ctx, &strange[k]); err != nil {
			return n, err
		}
	}
	return n, nil
}

// takeWaiting follows those of the waiting candidates that may be followed, and
// returns how many they were.
func (p *Peering) takeWaiting(ctx context.Context, tx *store.Store, j *judge, waiting []directory.Candidate) (n int, err error) {
	for k := range waiting {
		verdict := j.verdict(&waiting[k], false)
		if verdict == Wait {
			continue
		}
		done, err := p.take(ctx, tx, waiting[k].Host, verdict)
		if err != nil {
			return n, err
		}
		if done {
			n++
			j.note(&waiting[k], verdict)
		}
	}
	return n, nil
}

// judge knows what decisions about candidates depend on.
type judge struct {
	policy  directory.PeerPolicy
	vouches int
	vouch   map[string]bool // hosts of the peers that may
	domains map[string]bool // theirs
	named   map[string]bool // hosts of peers that the operator named
	count   *store.CandidateCount
	now     time.Time
}

func (p *Peering) judge(ctx context.Context, peers []directory.Peer) (*judge, error) {
	j := &judge{policy: p.Policy, vouches: p.Vouches, now: p.Now(), vouch: map[string]bool{}, domains: map[string]bool{}}
	for k := range peers {
		j.vouch[peers[k].Host], j.domains[RegisteredDomain(peers[k].Host)] = true, true
	}
	wanted, err := p.Store.WantedPeers(ctx)
	if err != nil {
		return nil, err
	}
	strangers, err := p.Store.Strangers(ctx, j.now.Add(-StrangerSpan))
	if err != nil {
		return nil, err
	}
	if j.named, err = p.Store.NamedHosts(ctx); err != nil {
		return nil, err
	}
	for k := range wanted {
		if expected(&wanted[k], j.now) && !strangers[wanted[k].Host] {
			j.domains[RegisteredDomain(wanted[k].Host)] = true
		}
	}
	return j, nil
}

// expected reports whether a peer that was added not long ago may still turn out
// to be one: of several added at once the first to answer has not the only say.
func expected(peer *directory.Peer, now time.Time) bool {
	const patience = 10 * time.Minute
	pending := peer.State == directory.PeerSearching || peer.State == directory.PeerRequested
	return pending && now.Sub(peer.Added) < patience
}

// verdict decides about a candidate, or about a stranger as if it were one still.
func (j *judge) verdict(c *directory.Candidate, stranger bool) Verdict {
	vouchers := only(c.Vouchers, j.vouch)
	f := Facts{
		Policy: j.policy, Vouches: j.vouches, Introduced: !c.Introduced.IsZero(), Peers: len(j.domains),
		Waited:   j.now.Sub(c.Found) >= StrangerSpan,
		Vouchers: len(voucherDomains(vouchers, c.Domain)),
		Chosen:   slices.ContainsFunc(vouchers, func(host string) bool { return j.named[host] }),
		Taken:    j.count.Taken[c.Domain], Followed: j.count.Followed, Strangers: j.count.Strangers,
	}
	if j.domains[c.Domain] {
		f.Peers--
	}
	if stranger {
		f.Taken, f.Followed = 0, 0
	}
	return Decide(f)
}

// note counts a decision for those that come after it.
func (j *judge) note(c *directory.Candidate, v Verdict) {
	j.count.Followed++
	j.count.Taken[c.Domain]++
	if v == FollowStranger {
		j.count.Strangers++
	}
}

// only returns those of the hosts that are in the set.
func only(hosts []string, set map[string]bool) []string {
	var in []string
	for _, h := range hosts {
		if set[h] {
			in = append(in, h)
		}
	}
	return in
}

// take has a candidate followed, unless it was decided about meanwhile.
func (p *Peering) take(ctx context.Context, tx *store.Store, host string, verdict Verdict) (bool, error) {
	c, err := tx.Candidate(ctx, host)
	if errors.Is(err, directory.ErrNotFound) || err == nil && c.State != directory.CandidateWaiting {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	blocks, err := tx.Blocks(ctx)
	if err != nil || blocks.Blocked(host) {
		return false, err
	}
	c.State, c.Decided, c.Stranger = directory.CandidateFollowed, p.Now(), verdict == FollowStranger
	if err := tx.PutCandidate(ctx, c); err != nil {
		return false, err
	}
	p.Log.InfoContext(ctx, "candidate followed", "peer", host, "why", string(verdict))
	return true, curation.WantPeer(ctx, tx, host, p.Now())
}

// about is what an instance says of itself in NodeInfo, in metadata.commonage.
type about struct {
	Directory   string               `json:"directory"`
	Initiatives int                  `json:"initiatives"`
	Listed      *bool                `json:"listed"`
	Peering     directory.PeerPolicy `json:"peering"`
}

// unfitError says in plain words why a candidate is none.
type unfitError struct {
	reason   string
	unlisted bool
}

func (e *unfitError) Error() string { return e.reason }

// check looks at a candidate: whether it is an instance, and whether it wants to
// be looked at and listed. Only what is about our own store is returned.
func (p *Peering) check(ctx context.Context, c *directory.Candidate) error {
	blocks, err := p.Store.Blocks(ctx)
	if err != nil || blocks.Blocked(c.Host) {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, inspectLimit)
	cause := p.inspect(limited, c)
	cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	unfit, plain := errors.AsType[*unfitError](cause)
	if cause == nil || plain {
		c.Tries, c.Reason, c.Unlisted = 0, "", plain && unfit.unlisted
	}
	c.State = directory.CandidateWaiting
	switch {
	case plain:
		c.State, c.Reason = directory.CandidateUnfit, unfit.reason
	case cause != nil:
		c.Tries++
		c.State = directory.CandidateFound
		_, c.Reason = plainly(c.Host, cause)
		if c.Tries >= maxCheckTries || !client.Retryable(cause) {
			c.State = directory.CandidateUnfit
		}
	}
	c.Checked = p.Now()
	return p.Store.Change(ctx, func(tx *store.Store) error {
		known, err := tx.Candidate(ctx, c.Host)
		if errors.Is(err, directory.ErrNotFound) || err == nil && decided(string(known.State)) {
			return nil // decided meanwhile
		}
		if err != nil {
			return err
		}
		if known.Introduced.After(c.Introduced) {
			c.Introduced = known.Introduced
		}
		return tx.PutCandidate(ctx, c)
	})
}

// inspect asks a candidate for what we want to know of it.
func (p *Peering) inspect(ctx context.Context, c *directory.Candidate) error {
	welcome, err := p.Client.Welcomes(ctx, c.Host, "/directory")
	if err != nil {
		return err
	}
	if !welcome {
		return &unfitError{reason: "Its robots.txt asks us to stay away."}
	}
	said, err := p.said(ctx, c.Host)
	switch {
	case err != nil:
		return err
	case said.Listed != nil && !*said.Listed:
		return &unfitError{reason: "It does not want to be listed.", unlisted: true}
	case said.Peering == directory.PeersAllowlist:
		return &unfitError{reason: "It exchanges entries only with instances that its operator chose."}
	}
	actor, err := p.find(ctx, c.Host)
	if err != nil {
		return err
	}
	c.Name, c.Locality, c.Country, c.Point = actor.Name, actor.Place.Locality, actor.Place.Country, actor.Place.Point
	c.Initiatives = min(max(said.Initiatives, 0), 1<<30)
	if p.Policy == directory.PeersReview {
		c.Samples = p.samples(ctx, c.Host, actor)
	}
	return nil
}

// said returns what an instance says of itself.
func (p *Peering) said(ctx context.Context, host string) (*about, error) {
	info, err := p.Client.NodeInfo(ctx, host)
	if err != nil {
		return nil, err
	}
	var metadata struct {
		Commonage *about `json:"commonage"`
	}
	if json.Unmarshal(info.Metadata, &metadata) != nil || metadata.Commonage == nil {
		return nil, &unfitError{reason: "It runs " + short(info.Software, 40) + ", which publishes no directory of the commons."}
	}
	return metadata.Commonage, nil
}

// noteListed finds out whether a peer wants to be listed, unless it was asked of
// late: one that the operator added was never a candidate.
func (p *Peering) noteListed(ctx context.Context, host string) error {
	known, err := p.Store.Candidate(ctx, host)
	if err == nil && p.Now().Sub(known.Checked) < recheckListed || err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	said, err := p.said(ctx, host)
	if _, plain := errors.AsType[*unfitError](err); err != nil && (plain || !client.Retryable(err)) {
		said = &about{} // another software: it says nothing of lists
	} else if err != nil {
		return err
	}
	return p.Store.Change(ctx, func(tx *store.Store) error {
		known, err := tx.Candidate(ctx, host)
		if errors.Is(err, directory.ErrNotFound) {
			known, err = &directory.Candidate{
				Host: host, Domain: RegisteredDomain(host), State: directory.CandidateFollowed, Found: p.Now(),
			}, nil
		}
		if err != nil {
			return err
		}
		known.Unlisted, known.Checked = said.Listed != nil && !*said.Listed, p.Now()
		return tx.PutCandidate(ctx, known)
	})
}

// samples returns the names of a few entries of a candidate, for the operator to
// see; none if they cannot be had.
func (p *Peering) samples(ctx context.Context, host string, actor *vocab.Actor) []string {
	page, err := p.firstPage(ctx, host, actor)
	if err != nil {
		p.Log.InfoContext(ctx, "no samples", "peer", host, "err", err)
		return nil
	}
	var names []string
	for k := range page.Items {
		a, err := page.Activity(k)
		if err != nil || a.Object.Raw == nil || len(names) == maxSamples {
			continue
		}
		if entry, _, err := a.Object.Entry(); err == nil {
			names = append(names, entry.Name)
		}
	}
	return names
}

func (p *Peering) firstPage(ctx context.Context, host string, actor *vocab.Actor) (*vocab.Collection, error) {
	doc, err := p.Client.Document(ctx, actor.Outbox)
	if err != nil {
		return nil, err
	}
	outbox, err := collectionOf(actor.Outbox, &doc)
	if err != nil {
		return nil, err
	}
	if outbox.First == "" {
		return &vocab.Collection{}, nil
	}
	return p.fetchPage(ctx, host, outbox.First)
}

func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
