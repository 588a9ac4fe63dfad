package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

const candidateColumns = `host, domain, state, reason, name, locality, country, latitude, longitude, initiatives, samples,
	unlisted, stranger, tries, introduced, found, checked, decided`

type candidateRow struct {
	Host        string   `db:"host"`
	Domain      string   `db:"domain"`
	State       string   `db:"state"`
	Reason      string   `db:"reason"`
	Name        string   `db:"name"`
	Locality    string   `db:"locality"`
	Country     string   `db:"country"`
	Latitude    *float64 `db:"latitude"`
	Longitude   *float64 `db:"longitude"`
	Initiatives int      `db:"initiatives"`
	Samples     string   `db:"samples"` // a line each
	Unlisted    bool     `db:"unlisted"`
	Stranger    bool     `db:"stranger"`
	Tries       int      `db:"tries"`
	Introduced  int64    `db:"introduced"`
	Found       int64    `db:"found"`
	Checked     int64    `db:"checked"`
	Decided     int64    `db:"decided"`
}

func (r *candidateRow) candidate() directory.Candidate {
	c := directory.Candidate{
		Host: r.Host, Domain: r.Domain, State: directory.CandidateState(r.State), Reason: r.Reason, Name: r.Name,
		Locality: r.Locality, Country: r.Country, Initiatives: r.Initiatives, Unlisted: r.Unlisted, Stranger: r.Stranger,
		Tries: r.Tries, Introduced: fromMicros(r.Introduced), Found: fromMicros(r.Found), Checked: fromMicros(r.Checked),
		Decided: fromMicros(r.Decided),
	}
	if r.Latitude != nil && r.Longitude != nil {
		c.Point = &directory.Point{Latitude: *r.Latitude, Longitude: *r.Longitude}
	}
	if r.Samples != "" {
		c.Samples = strings.Split(r.Samples, "\n")
	}
	return c
}

// PutCandidate writes what is known of a candidate, new or changed. Its vouchers
// are not written.
func (s *Store) PutCandidate(ctx context.Context, c *directory.Candidate) error {
	latitude, longitude := coordinates(c.Point)
	_, err := s.exec(ctx, "candidate "+c.Host, `INSERT INTO candidates (`+candidateColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (host) DO UPDATE SET state = excluded.state, reason = excluded.reason, name = excluded.name,
		locality = excluded.locality, country = excluded.country, latitude = excluded.latitude,
		longitude = excluded.longitude, initiatives = excluded.initiatives, samples = excluded.samples,
		unlisted = excluded.unlisted, stranger = excluded.stranger, tries = excluded.tries,
		introduced = excluded.introduced, checked = excluded.checked, decided = excluded.decided`,
		c.Host, c.Domain, string(c.State), c.Reason, c.Name, c.Locality, c.Country, latitude, longitude, c.Initiatives,
		strings.Join(c.Samples, "\n"), c.Unlisted, c.Stranger, c.Tries, micros(c.Introduced), micros(c.Found),
		micros(c.Checked), micros(c.Decided))
	return err
}

// SettleCandidate notes that the operator decided about a candidate, if it is one.
func (s *Store) SettleCandidate(ctx context.Context, host string, state directory.CandidateState) error {
	_, err := s.exec(ctx, "candidate "+host, `UPDATE candidates SET state = ?, decided = 0, stranger = FALSE WHERE host = ?`, string(state), host)
	return err
}

// FollowedPeers returns the peers whose directories we follow, by host. Their
// entries are not counted.
func (s *Store) FollowedPeers(ctx context.Context) ([]directory.Peer, error) {
	return s.peers(ctx, `wanted AND state = 'following'`)
}

// WantedPeers returns the peers that are to be followed, by host. Their entries
// are not counted.
func (s *Store) WantedPeers(ctx context.Context) ([]directory.Peer, error) {
	return s.peers(ctx, `wanted`)
}

func (s *Store) peers(ctx context.Context, condition string) ([]directory.Peer, error) {
	rows, err := many[peerRow](ctx, s, "peers", `SELECT `+peerColumns+` FROM peers WHERE `+condition+` ORDER BY host`)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Peer, len(rows))
	for k := range rows {
		out[k] = *rows[k].peer()
	}
	return out, nil
}

// WantedHosts returns the hosts of all peers that are to be followed.
func (s *Store) WantedHosts(ctx context.Context) (map[string]bool, error) {
	return s.hosts(ctx, `SELECT host FROM peers WHERE wanted`)
}

// Strangers returns the hosts of peers that were followed since a time though too
// few others listed them.
func (s *Store) Strangers(ctx context.Context, since time.Time) (map[string]bool, error) {
	return s.hosts(ctx, `SELECT host FROM candidates WHERE stranger AND state = 'followed' AND decided >= ?`, micros(since))
}

// NamedHosts returns the hosts of the peers that the operator named, not those that
// were followed without being asked for.
func (s *Store) NamedHosts(ctx context.Context) (map[string]bool, error) {
	return s.hosts(ctx, `SELECT host FROM peers WHERE wanted
		AND host NOT IN (SELECT host FROM candidates WHERE state = 'followed' AND decided > 0)`)
}

// StrangeCandidates returns the same as candidates, with their vouchers.
func (s *Store) StrangeCandidates(ctx context.Context, since time.Time) ([]directory.Candidate, error) {
	return s.candidates(ctx, `stranger AND state = 'followed' AND decided >= ? ORDER BY host`, micros(since))
}

func (s *Store) hosts(ctx context.Context, query string, args ...any) (map[string]bool, error) {
	rows, err := many[string](ctx, s, "hosts", query, args...)
	set := make(map[string]bool, len(rows))
	for _, h := range rows {
		set[h] = true
	}
	return set, err
}

// FailingHosts returns the hosts to which the last delivery did not arrive.
func (s *Store) FailingHosts(ctx context.Context) (map[string]bool, error) {
	return s.hosts(ctx, `SELECT name FROM hosts WHERE fails > 0 OR unavailable
		UNION SELECT host FROM troubled_inboxes WHERE fails > 0 OR unavailable`)
}

// Candidate returns the candidate with the host, or directory.ErrNotFound. Its
// vouchers are not read.
func (s *Store) Candidate(ctx context.Context, host string) (*directory.Candidate, error) {
	row, err := one[candidateRow](ctx, s, "candidate "+host, `SELECT `+candidateColumns+` FROM candidates WHERE host = ?`, host)
	if err != nil {
		return nil, err
	}
	c := row.candidate()
	return &c, nil
}

// Candidates returns at most limit candidates in the state with their vouchers,
// those first that most peers list, and of these the longest known.
func (s *Store) Candidates(ctx context.Context, state directory.CandidateState, limit int) ([]directory.Candidate, error) {
	return s.candidates(ctx, `state = ? ORDER BY (SELECT COUNT(*) FROM vouches v WHERE v.host = c.host) DESC, found, host
		LIMIT ?`, string(state), limit)
}

// CandidatesToCheck returns at most limit candidates with their vouchers that
// were not looked at since retry, or found unfit before again.
func (s *Store) CandidatesToCheck(ctx context.Context, retry, again time.Time, limit int) ([]directory.Candidate, error) {
	return s.candidates(ctx, `state = ? AND checked < ? OR state = ? AND checked < ?
		ORDER BY checked, (SELECT COUNT(*) FROM vouches v WHERE v.host = c.host) DESC, found, host LIMIT ?`,
		string(directory.CandidateFound), micros(retry), string(directory.CandidateUnfit), micros(again), limit)
}

func (s *Store) candidates(ctx context.Context, condition string, args ...any) ([]directory.Candidate, error) {
	rows, err := many[candidateRow](ctx, s, "candidates",
		`SELECT `+candidateColumns+` FROM candidates c WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Candidate, len(rows))
	for k := range rows {
		out[k] = rows[k].candidate()
	}
	for chunk := range slices.Chunk(out, maxList) {
		if err := s.fillVouchers(ctx, chunk); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fillVouchers adds who lists the candidates.
func (s *Store) fillVouchers(ctx context.Context, list []directory.Candidate) error {
	at := map[string]int{}
	hosts := make([]string, len(list))
	for k := range list {
		hosts[k], at[list[k].Host] = list[k].Host, k
	}
	if len(hosts) == 0 {
		return nil
	}
	rows, err := manyIn[struct {
		Voucher string `db:"voucher"`
		Host    string `db:"host"`
	}](ctx, s, "vouches", `SELECT voucher, host FROM vouches WHERE host IN (?) ORDER BY voucher`, hosts)
	for _, r := range rows {
		c := &list[at[r.Host]]
		c.Vouchers = append(c.Vouchers, r.Voucher)
	}
	return err
}

// CandidateCount is what is counted of the candidates before deciding.
type CandidateCount struct {
	Undecided int            // neither followed nor refused
	Followed  int            // since a time
	Strangers int            // followed on their own word since another
	Of        map[string]int // by registrable domain, refused ones not
	Taken     map[string]int // by registrable domain, followed without the operator
}

// CountCandidates counts candidates; followed and strangers are the times since
// which those decisions count.
func (s *Store) CountCandidates(ctx context.Context, followed, strangers time.Time) (*CandidateCount, error) {
	n := &CandidateCount{Of: map[string]int{}, Taken: map[string]int{}}
	rows, err := many[struct {
		Domain    string `db:"domain"`
		State     string `db:"state"`
		N         int    `db:"n"`
		Followed  int    `db:"followed"`
		Strangers int    `db:"strangers"`
		Taken     int    `db:"taken"`
	}](ctx, s, "candidates", `SELECT domain, state, COUNT(*) AS n,
		COUNT(CASE WHEN state = 'followed' AND decided >= ? THEN 1 END) AS followed,
		COUNT(CASE WHEN state = 'followed' AND stranger AND decided >= ? THEN 1 END) AS strangers,
		COUNT(CASE WHEN state = 'followed' AND decided > 0 THEN 1 END) AS taken
		FROM candidates GROUP BY domain, state`, micros(followed), micros(strangers))
	for _, r := range rows {
		if state := directory.CandidateState(r.State); state != directory.CandidateFollowed && state != directory.CandidateRefused {
			n.Undecided += r.N
		}
		n.Followed += r.Followed
		n.Strangers += r.Strangers
		if directory.CandidateState(r.State) != directory.CandidateRefused {
			n.Of[r.Domain] += r.N
		}
		n.Taken[r.Domain] += r.Taken
	}
	return n, err
}

// KnownCandidate is how far we are with a candidate, and how many peers list it.
type KnownCandidate struct {
	Host     string `db:"host"`
	State    string `db:"state"`
	Stranger bool   `db:"stranger"`
	Vouchers int    `db:"vouchers"`
}

// KnownCandidates returns all candidates by host, in whatever state.
func (s *Store) KnownCandidates(ctx context.Context) (map[string]KnownCandidate, error) {
	rows, err := many[KnownCandidate](ctx, s, "candidates", `SELECT host, state, stranger,
		(SELECT COUNT(*) FROM vouches v WHERE v.host = c.host) AS vouchers FROM candidates c`)
	known := make(map[string]KnownCandidate, len(rows))
	for _, r := range rows {
		known[r.Host] = r
	}
	return known, err
}

// UnlistedHosts returns the instances that do not want to be listed.
func (s *Store) UnlistedHosts(ctx context.Context) ([]string, error) {
	return many[string](ctx, s, "unlisted instances", `SELECT host FROM candidates WHERE unlisted`)
}

// CandidateStates counts the candidates in each state.
func (s *Store) CandidateStates(ctx context.Context) (map[directory.CandidateState]int, error) {
	rows, err := many[struct {
		State string `db:"state"`
		N     int    `db:"n"`
	}](ctx, s, "candidates", `SELECT state, COUNT(*) AS n FROM candidates GROUP BY state`)
	states := make(map[directory.CandidateState]int, len(rows))
	for _, r := range rows {
		states[directory.CandidateState(r.State)] = r.N
	}
	return states, err
}

// Vouch is a peer's word that it follows another.
type Vouch struct {
	Voucher string `db:"voucher"` // hosts
	Host    string `db:"host"`
}

// Vouches returns which peers list which others, by the host of these; a number of
// them at most.
func (s *Store) Vouches(ctx context.Context, limit int) ([]Vouch, error) {
	return many[Vouch](ctx, s, "vouches of peers", `SELECT v.voucher, v.host FROM vouches v
		WHERE v.voucher IN (SELECT host FROM peers) AND v.host IN (SELECT host FROM peers)
		ORDER BY v.host, v.voucher LIMIT ?`, limit)
}

// Vouches are what was read of the list of a peer.
type Vouches struct {
	Voucher string
	Hosts   []string
	Brought []string  // those of them that nobody had told of before
	Now     time.Time // when it was read
	Since   time.Time // when its reading began, once it was read to its end: who was not seen since is on it no more
	Counted time.Time // who was brought since then stays all the same, to be counted
}

// PutVouches notes whom a peer lists.
func (s *Store) PutVouches(ctx context.Context, v *Vouches) error {
	fresh := map[string]bool{}
	for _, h := range v.Brought {
		fresh[h] = true
	}
	return s.Tx(ctx, func(tx *Store) error {
		for _, h := range v.Hosts {
			if _, err := tx.exec(ctx, "vouch of "+v.Voucher, `INSERT INTO vouches (voucher, host, since, seen, brought)
				VALUES (?, ?, ?, ?, ?) ON CONFLICT (voucher, host) DO UPDATE SET seen = excluded.seen`,
				v.Voucher, h, micros(v.Now), micros(v.Now), fresh[h]); err != nil {
				return err
			}
		}
		_, err := tx.exec(ctx, "vouches of "+v.Voucher, `DELETE FROM vouches
			WHERE voucher = ? AND seen < ? AND (NOT brought OR since < ?)`, v.Voucher, micros(v.Since), micros(v.Counted))
		return err
	})
}

// CountBrought returns how many hosts a peer was the first to tell of since a
// time, but for those that are followed by now.
func (s *Store) CountBrought(ctx context.Context, voucher string, since time.Time) (int, error) {
	return s.count(ctx, "vouches of "+voucher,
		`SELECT COUNT(*) FROM vouches WHERE voucher = ? AND brought AND since >= ?
			AND host NOT IN (SELECT host FROM candidates WHERE state = 'followed')`, voucher, micros(since))
}

// CountIntroduced returns how many candidates that nobody had told of introduced
// themselves since a time.
func (s *Store) CountIntroduced(ctx context.Context, since time.Time) (int, error) {
	return s.count(ctx, "introductions",
		`SELECT COUNT(*) FROM candidates WHERE introduced >= ? AND found >= ?`, micros(since), micros(since))
}

// inVain is true of candidates that were looked at in vain, found before a time.
const inVain = `(c.state = 'unfit' OR c.state = 'found' AND c.tries > 0) AND c.found < ?`

// ForgetBrought forgets those candidates that a peer was the first to tell of, before
// a time, and that were looked at in vain, except so many: those stay that do not want
// to be listed, failed less often, or came later.
func (s *Store) ForgetBrought(ctx context.Context, voucher string, before time.Time, except int) error {
	return s.forgetCandidates(ctx, `SELECT c.host FROM candidates c JOIN vouches v ON v.host = c.host
		WHERE v.voucher = ? AND v.brought AND `+inVain+` ORDER BY c.unlisted DESC, c.tries, c.found DESC, c.host
		LIMIT ? OFFSET ?`, voucher, micros(before), maxForgotten, except)
}

// maxForgotten is how many candidates are forgotten at once.
const maxForgotten = 10000

// ForgetWorst forgets at most n candidates that were found before a time and looked
// at in vain, whoever told of them.
func (s *Store) ForgetWorst(ctx context.Context, before time.Time, n int) error {
	return s.forgetCandidates(ctx, `SELECT c.host FROM candidates c
		WHERE `+inVain+` ORDER BY c.unlisted, c.tries DESC, c.found, c.host LIMIT ?`, micros(before), n)
}

// ForgetAbandoned forgets the candidates that were found before a time and looked at
// in vain and that nobody lists.
func (s *Store) ForgetAbandoned(ctx context.Context, before time.Time) error {
	return s.forgetCandidates(ctx, `SELECT c.host FROM candidates c WHERE `+inVain+` AND c.introduced < ? AND NOT c.unlisted
		AND NOT EXISTS (SELECT 1 FROM vouches v WHERE v.host = c.host)`, micros(before), micros(before))
}

func (s *Store) forgetCandidates(ctx context.Context, hosts string, args ...any) error {
	n, err := s.exec(ctx, "candidates", `DELETE FROM candidates WHERE host IN (`+hosts+`)`, args...)
	if err != nil || n == 0 {
		return err
	}
	_, err = s.exec(ctx, "vouches", `DELETE FROM vouches WHERE host NOT IN (SELECT host FROM candidates)`)
	return err
}

// PurgeCandidates forgets candidates that nobody lists any more, that did not
// introduce themselves since a time, and about which nobody decided anything, and
// vouches by hosts that are no peers any more.
func (s *Store) PurgeCandidates(ctx context.Context, before time.Time) (int64, error) {
	if _, err := s.exec(ctx, "vouches", `DELETE FROM vouches WHERE voucher NOT IN
		(SELECT host FROM peers WHERE wanted)`); err != nil {
		return 0, err
	}
	return s.exec(ctx, "candidates", `DELETE FROM candidates WHERE state IN ('found', 'waiting', 'unfit') AND NOT unlisted
		AND found < ? AND introduced < ? AND NOT EXISTS (SELECT 1 FROM vouches v WHERE v.host = candidates.host)`,
		micros(before), micros(before))
}
