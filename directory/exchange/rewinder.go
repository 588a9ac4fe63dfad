package exchange

import (
	"errors"
	"io"
	"slices"
)

// rewinder hands on what it reads and keeps it until it is told to forget it, so
// that it can be read again. Offsets are of what it read in all.
type rewinder struct {
	src  io.Reader
	kept []byte
	base int64 // offset of kept
	at   int   // in kept: what is handed on next
	err  error // of src, for when kept is handed on
}

// Read implements io.Reader.
func (r *rewinder) Read(p []byte) (int, error) {
	if r.at == len(r.kept) {
		r.fill()
	}
	if r.at == len(r.kept) {
		return 0, r.err
	}
	n := copy(p, r.kept[r.at:])
	r.at += n
	return n, nil
}

func (r *rewinder) fill() {
	if r.err != nil {
		return
	}
	end := len(r.kept)
	r.kept = slices.Grow(r.kept, chunk)[:end+chunk]
	var n int
	n, r.err = r.src.Read(r.kept[end:])
	r.kept = r.kept[:end+n]
}

// peek returns at least so many of the bytes that come next, if there are.
func (r *rewinder) peek(n int) []byte {
	for len(r.kept)-r.at < n && r.err == nil {
		r.fill()
	}
	return r.kept[r.at:]
}

// from returns what is kept from an offset on.
func (r *rewinder) from(offset int64) []byte { return r.kept[offset-r.base:] }

// seek goes back to an offset that is kept; who found an entry too long finds the
// next.
func (r *rewinder) seek(offset int64) {
	r.at = int(offset - r.base)
	if errors.Is(r.err, errTooLong) {
		r.err = nil
	}
}

// forget drops what is before an offset, now and then.
func (r *rewinder) forget(offset int64) {
	if n := int(offset - r.base); n > 2*chunk {
		r.kept = append(r.kept[:0], r.kept[n:]...)
		r.base, r.at = offset, r.at-n
	}
}
