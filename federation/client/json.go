package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"codeberg.org/commonage/commonage/federation/vocab"
)

// CheckJSON returns an *InvalidError unless the body is exactly one JSON value,
// nested at most 32 deep, in which no object has a name twice, however it is
// escaped: two readers of such a document could see different things. It takes
// two passes and memory for the names of the open objects only.
func CheckJSON(body []byte) error {
	if vocab.Depth(body) > vocab.MaxDepth {
		return &InvalidError{Reason: fmt.Sprintf("it sent JSON nested deeper than %d", vocab.MaxDepth)}
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	if _, err := d.ReadValue(); err != nil {
		return &InvalidError{Reason: "it sent bad JSON", Detail: fmt.Sprintf("%.300v", noEOF(err))}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return &InvalidError{Reason: "it sent bad JSON", Detail: "something follows the value"}
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// topID is the id of a JSON object that passed CheckJSON, or nothing. Names
// are compared exactly, unlike in encoding/json, where "ID" is also an id.
func topID(body []byte) string {
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return ""
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return ""
		}
		if name.String() != "id" {
			if d.SkipValue() != nil {
				return ""
			}
			continue
		}
		if value, err := d.ReadToken(); err == nil && value.Kind() == '"' {
			return value.String()
		}
		return ""
	}
	return ""
}
