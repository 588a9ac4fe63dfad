package peering

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"unicode"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation/client"
)

// plainly says for an operator what went wrong with the instance at host, and of
// what kind it is, from which follows what can be done. What a library says of an
// error is for the log.
func plainly(host string, err error) (directory.Trouble, string) {
	for _, told := range []func(string, error) (directory.Trouble, string){
		ofStatus, ofAnswer, ofAddress, ofName, ofCertificate, ofConnection,
	} {
		if kind, text := told(host, err); kind != "" {
			return kind, text
		}
	}
	if _, ok := errors.AsType[*client.OwnError](err); ok {
		return directory.TroubleHere, "This server could not ask: something is wrong with itself."
	}
	return directory.TroubleOther, host + " could not be read."
}

// ofStatus is plainly for an answer that is a refusal.
func ofStatus(host string, err error) (directory.Trouble, string) {
	status, ok := errors.AsType[*client.StatusError](err)
	if !ok {
		return "", ""
	}
	switch s := status.Status; {
	case s == http.StatusUnauthorized:
		return directory.TroubleRefused, host + " does not accept our signature" + words(status.Detail) + "."
	case s == http.StatusForbidden:
		return directory.TroubleRefused, host + " does not let us read its directory" + words(status.Detail) + "."
	case s == http.StatusNotFound:
		return directory.TroubleMissing, fmt.Sprintf("%s answers, but knows no @%s: it may not run Commonage.", host, directory.DirectoryHandle)
	case s == http.StatusGone:
		return directory.TroubleMissing, host + " says that its directory is gone for good."
	case s == http.StatusTooManyRequests:
		return directory.TroubleBusy, host + " finds that we ask too often."
	case s >= http.StatusInternalServerError:
		return directory.TroubleBroken, fmt.Sprintf("%s has trouble of its own: it answered with status %d.", host, s)
	default:
		return directory.TroubleUnreadable, fmt.Sprintf("%s does not take our question: it answered with status %d.", host, s)
	}
}

// words quotes what a server says of its refusal, if it does so in a sentence.
func words(detail string) string {
	var said struct {
		Error string `json:"error"`
	}
	if strings.HasPrefix(detail, "{") {
		if json.Unmarshal([]byte(detail), &said) != nil {
			return ""
		}
		detail = said.Error
	}
	text := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.Join(strings.Fields(detail), " "))
	if text == "" || strings.ContainsAny(text, "<>") {
		return ""
	}
	return ": it says “" + short(text, 200) + "”"
}

// ofAnswer is plainly for an answer that is not what was asked for.
func ofAnswer(host string, err error) (directory.Trouble, string) {
	if large, ok := errors.AsType[*client.TooLargeError](err); ok {
		return directory.TroubleUnreadable, fmt.Sprintf("%s sends more at once than is read, %d bytes.", host, large.Limit)
	}
	if _, ok := errors.AsType[*client.ContentTypeError](err); ok {
		return directory.TroubleUnreadable, host + " answers, but with something else than a directory: it may not run Commonage."
	}
	if id, ok := errors.AsType[*client.IDError](err); ok {
		return directory.TroubleUnreadable, fmt.Sprintf("%s answers, but what it sends calls itself %.200q.", host, id.ID)
	}
	if invalid, ok := errors.AsType[*client.InvalidError](err); ok {
		return directory.TroubleUnreadable, fmt.Sprintf("%s answers, but not as an instance of Commonage does: %s.", host, short(invalid.Reason, 400))
	}
	return "", ""
}

// ofAddress is plainly for an address that is not asked.
func ofAddress(host string, err error) (directory.Trouble, string) {
	if blocked, ok := errors.AsType[*client.BlockedError](err); ok {
		return directory.TroubleBlocked, fmt.Sprintf("%s is blocked here, or leads to %s, which is.", host, short(directory.HostOf(blocked.Address), 200))
	}
	address, ok := errors.AsType[*client.AddressError](err)
	switch {
	case !ok:
		return "", ""
	case strings.HasPrefix(address.Address, host) && address.Reason != "is not on the public internet" && address.Reason != "is this machine":
		return directory.TroubleAddress, host + " " + address.Reason + "."
	case strings.HasPrefix(address.Address, host):
		return directory.TroubleAddress, fmt.Sprintf("%s is an address inside a private network. For a test on one machine, set allow_private_addresses.", host)
	}
	return directory.TroubleAddress, fmt.Sprintf("%s leads to %.200s, which %s.", host, address.Address, address.Reason)
}

// ofName is plainly for a name that has no address.
func ofName(host string, err error) (directory.Trouble, string) {
	dns, ok := errors.AsType[*net.DNSError](err)
	switch {
	case !ok:
		return "", ""
	case dns.IsNotFound:
		return directory.TroubleName, fmt.Sprintf("The name %s leads nowhere. Check the spelling.", host)
	}
	return directory.TroubleAway, fmt.Sprintf("The name %s could not be looked up: no name server answered.", host)
}

// ofCertificate is plainly for a server that does not prove who it is.
func ofCertificate(host string, err error) (directory.Trouble, string) {
	const kind = directory.TroubleCertificate
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return kind, "The certificate that " + host + " shows is for another name."
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return kind, "The certificate of " + host + " is signed by nobody that this server trusts."
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return kind, "The certificate of " + host + " has expired, or is not valid yet."
		}
		return kind, "The certificate of " + host + " is not valid."
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return kind, "The certificate of " + host + " is not valid."
	}
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	if header || alert || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return kind, "There is no safe connection to " + host + ": it does not speak https as this server does."
	}
	return "", ""
}

// ofConnection is plainly for a server that does not answer, or not to the end.
func ofConnection(host string, err error) (directory.Trouble, string) {
	var away net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &away) && away.Timeout():
		return directory.TroubleAway, host + " does not answer in time."
	case errors.Is(err, syscall.ECONNREFUSED):
		return directory.TroubleAway, host + " does not answer: nothing listens there."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return directory.TroubleAway, "No way leads to " + host + " at the moment."
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return directory.TroubleAway, host + " broke the connection off before it had answered."
	case strings.Contains(err.Error(), "malformed HTTP"):
		return directory.TroubleUnreadable, host + " answers, but not as a web server does."
	}
	return "", ""
}
