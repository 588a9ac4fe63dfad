package directory

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of error that callers tell apart with errors.Is. Everything else is
// a fault of ours or of something outside.
var (
	// ErrNotFound says that no such thing is known here.
	ErrNotFound = errors.New("not found")
	// ErrGone says that the thing was here and was withdrawn for good.
	ErrGone = errors.New("gone")
	// ErrConflict says that the change does not fit what is stored now.
	ErrConflict = errors.New("conflict")
	// ErrForbidden says that the asker may not do this.
	ErrForbidden = errors.New("forbidden")
)

// Invalid is an error about one input, in words its author may read.
type Invalid struct { //nolint:errname // it reads as "invalid name"
	Field string // the input's name as the author knows it
	Text  string // what is wrong and what would be accepted
}

// Error returns "field: text".
func (e *Invalid) Error() string { return e.Field + ": " + e.Text }

// Invalidf returns an *Invalid for the field.
func Invalidf(field, format string, args ...any) error {
	return &Invalid{Field: field, Text: fmt.Sprintf(format, args...)}
}

// MovedError is an ErrGone about what is elsewhere now.
type MovedError struct{ To string } // id of the actor that it is now

// Error says where it is.
func (e *MovedError) Error() string { return "moved to " + e.To }

// Is reports whether the target is ErrGone.
func (e *MovedError) Is(target error) bool { return target == ErrGone }

// ClosedError is an error about what cannot be done any more, as this instance's
// directory closed for good.
type ClosedError struct{ Since time.Time }

// Error says since when.
func (e *ClosedError) Error() string {
	return "this instance closed for good on " + e.Since.Format("2 January 2006")
}
