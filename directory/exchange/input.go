package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	chunk = 32 << 10
	// maxEntry bounds how much one entry may make us hold, in bytes.
	maxEntry = 8 << 20
)

// errTooLong ends the reading of a file with an entry beyond maxEntry, such as a
// csv with a quotation mark that is never closed.
var errTooLong = fmt.Errorf("an entry has more than %d MB; a quotation mark or bracket may never be closed", maxEntry>>20)

// input reads a file as UTF-8, whatever it holds: it skips a byte order mark and
// takes bytes that are not UTF-8 for Windows-1252, in which spreadsheets write.
// It knows the line of an offset and where it had to repair, as long as it is
// asked in rising order.
type input struct {
	src io.Reader
	buf []byte // room to read into
	raw []byte // the end of the last chunk: the beginning of a character
	out []byte // repaired, not handed on yet
	err error  // of src, for when out is empty

	started  bool
	offset   int64   // of the end of out, in the repaired text
	newlines []int64 // offsets of those not passed yet
	repairs  []int64 // likewise
	line     int     // newlines passed
	budget   int     // bytes that may still be handed on for the present entry
}

func newInput(r io.Reader) *input {
	return &input{src: r, buf: make([]byte, chunk), budget: maxEntry}
}

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	for len(in.out) == 0 {
		if in.err != nil {
			return 0, in.err
		}
		in.fill()
	}
	if in.budget <= 0 {
		return 0, errTooLong
	}
	n := copy(p, in.out)
	in.out = in.out[n:]
	in.budget -= n
	return n, nil
}

// next says that a new entry begins.
func (in *input) next() { in.budget = maxEntry }

// pass moves to an offset in the repaired text. It returns the number of its
// line and how many characters were repaired since the last call.
func (in *input) pass(offset int64) (line, repaired int) {
	n := passed(in.newlines, offset)
	in.line += n
	in.newlines = in.newlines[n:]
	repaired = passed(in.repairs, offset)
	in.repairs = in.repairs[repaired:]
	return in.line + 1, repaired
}

func passed(offsets []int64, limit int64) int {
	for n, o := range offsets {
		if o >= limit {
			return n
		}
	}
	return len(offsets)
}

// fill reads one chunk and repairs it.
func (in *input) fill() {
	n, err := in.src.Read(in.buf)
	in.err = err
	in.raw = append(in.raw, in.buf[:n]...)
	if !in.started {
		if len(in.raw) < utf8.UTFMax && err == nil {
			return
		}
		in.started = true
		in.raw = bytes.TrimPrefix(in.raw, []byte("\uFEFF"))
		if bytes.HasPrefix(in.raw, []byte{0xFF, 0xFE}) || bytes.HasPrefix(in.raw, []byte{0xFE, 0xFF}) {
			in.raw, in.err = nil, errors.New("the file is in UTF-16; please save it as UTF-8")
			return
		}
	}
	whole := in.raw
	if err == nil {
		whole = whole[:len(whole)-unfinished(whole)]
	}
	in.out = in.repair(append([]byte(nil), whole...))
	in.raw = append(in.raw[:0], in.raw[len(whole):]...)
	for at := 0; ; at++ {
		n := bytes.IndexByte(in.out[at:], '\n')
		if n < 0 {
			break
		}
		at += n
		in.newlines = append(in.newlines, in.offset+int64(at))
	}
	in.offset += int64(len(in.out))
}

// unfinished returns how many bytes at the end of b begin a character.
func unfinished(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

func (in *input) repair(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	good := make([]byte, 0, len(b)+len(b)/4)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			in.repairs = append(in.repairs, in.offset+int64(len(good)))
			r = charmap.Windows1252.DecodeByte(b[0])
		}
		good = utf8.AppendRune(good, r)
		b = b[size:]
	}
	return good
}
