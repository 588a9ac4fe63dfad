package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Buckets is how many parts the entries of an origin are divided into, by the
// first byte of SHA-256 of the id, so that two sides find what differs between
// them without listing everything.
const Buckets = 256

// Digest stands for a set of entries, each in one version: the XOR of SHA-256 over
// id, newline and date of the last change of each (PROTOCOL, repair). The zero
// value is that of no entries. Toggle puts an entry's in and takes it out.
type Digest [sha256.Size]byte

// EntryDigest returns the digest of one entry. The date is the exact text of its
// document, see Initiative.Stamp.
func EntryDigest(id, updated string) Digest {
	return sha256.Sum256([]byte(id + "\n" + updated))
}

// Toggle adds the entries of e to d, or takes those away that d has.
func (d *Digest) Toggle(e Digest) {
	for k := range d {
		d[k] ^= e[k]
	}
}

// String returns the digest as documents have it: 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads what String writes.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != hex.EncodedLen(len(d)) {
		return d, Invalidf("digest", "%.80q is not 64 hexadecimal digits", s)
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return d, Invalidf("digest", "%q is not 64 hexadecimal digits", s)
	}
	return d, nil
}

// BucketOf returns the part that the entry with the id is in, 0 to Buckets-1.
func BucketOf(id string) int { return int(sha256.Sum256([]byte(id))[0]) }

// Stamp returns how our documents write the date of a change: RFC 3339 in UTC with
// exactly six digits of a second's fraction, so that one instant has one spelling.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
