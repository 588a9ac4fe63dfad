package client

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// StatusError says that a server answered, but not with what was asked for.
type StatusError struct {
	URL        string
	Status     int
	RetryAfter time.Duration // how long the server asks to be left alone, zero when it does not
	Detail     string        // the beginning of its answer; foreign text
}

// Error names the status and what the server said of it.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answered %d %s", e.URL, e.Status, http.StatusText(e.Status))
	if e.Detail != "" {
		text += fmt.Sprintf(": %q", e.Detail)
	}
	return text
}

// Gone says whether the thing was there and is not coming back.
func (e *StatusError) Gone() bool { return e.Status == http.StatusGone }

// AddressError says that an address is not requested: it leads inside, or is
// none at all. Nothing was sent.
type AddressError struct {
	Address string
	Reason  string
}

func (e *AddressError) Error() string { return fmt.Sprintf("address %.200q %s", e.Address, e.Reason) }

// BlockedError says that the operator wants nothing to do with a server. Nothing
// was sent.
type BlockedError struct{ Address string }

func (e *BlockedError) Error() string { return fmt.Sprintf("%.200s is blocked here", e.Address) }

// OwnError says that something went wrong here before anything was sent: it tells
// nothing of the server.
type OwnError struct{ Err error }

func (e *OwnError) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *OwnError) Unwrap() error { return e.Err }

// ContentTypeError says that an answer is not an ActivityPub document by its
// type. What a server serves as anything else may be written by anybody.
type ContentTypeError struct {
	URL  string
	Type string
}

func (e *ContentTypeError) Error() string {
	return fmt.Sprintf("%s is of type %.100q, not an ActivityPub document", e.URL, e.Type)
}

// TooLargeError says that an answer has more bytes than are read.
type TooLargeError struct {
	URL   string
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s is larger than %d bytes", e.URL, e.Limit)
}

// IDError says that a document is not the one at its address.
type IDError struct {
	URL string // where it came from
	ID  string // what it says it is, possibly nothing
}

func (e *IDError) Error() string { return fmt.Sprintf("%s calls itself %.200q", e.URL, e.ID) }

// InvalidError says that an answer cannot be used, in words for an admin.
type InvalidError struct {
	URL    string // where it came from, when known
	Reason string
	Detail string // what a parser said of it, for the log
}

func (e *InvalidError) Error() string {
	text := e.Reason
	if e.URL != "" {
		text = e.URL + ": " + text
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// lasting marks the errors that another try will not change.
type lasting interface {
	error
	lasting()
}

func (*AddressError) lasting()     {}
func (*BlockedError) lasting()     {}
func (*ContentTypeError) lasting() {}
func (*TooLargeError) lasting()    {}
func (*IDError) lasting()          {}
func (*InvalidError) lasting()     {}

// Retryable says whether the same request may succeed later. A refusal is
// final, except 401, 408 and 429; trouble of the server or of the net is not.
func Retryable(err error) bool {
	if err == nil {
		return false
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		switch s := status.Status; s {
		case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests:
			return true
		case http.StatusNotImplemented:
			return false
		default:
			return s < 400 || s >= 500
		}
	}
	_, final := errors.AsType[lasting](err)
	return !final
}
