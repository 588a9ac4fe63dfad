package signature

import (
	"bytes"
	"testing"
)

// plainDocuments are some that plainCanonical knows and some that it leaves.
func plainDocuments() map[string]bool {
	return map[string]bool{
		`{}`: true,
		" { \"b\" : [ 1 , {} , [ ] ] , \"a\" : \"\\n\\\"\\\\ü\" } ":                       true,
		`{"id":"x","@context":["a",{"z":1,"y":{"d":true,"c":false,"b":null}}],"a":-1.50}`: true,
		`{"a!":1,"a":2}`: true,
		`{"n":[0,0.0,48.770,100000000000000000000,0.000001,-0.5,123456789012345678]}`: true,
		`{"n":1e3}`:                    false,
		`{"n":-0}`:                     false,
		`{"n":0.0000001}`:              false,
		`{"n":1000000000000000000000}`: false,
		`{"n":01}`:                     false,
		`{"n":1.}`:                     false,
		`{"n":.5}`:                     false,
		`{"n":1-2}`:                    false,
		`{"t":"\u00e9"}`:               false,
		`{"t":"\/"}`:                   false,
		`{"é":1}`:                      false,
		`{"a\n":1}`:                    false,
		`{"a":1,"b":2,"a":3}`:          false,
		`{"a":1,}`:                     false,
		`{,"a":1}`:                     false,
		`{"a":[1,]}`:                   false,
		`{"a" 1}`:                      false,
		`{"a":1} {}`:                   false,
		`{"a":nul}`:                    false,
		`[{"a":1}]`:                    false,
		"{\"a\":\"\x01\"}":             false,
		"{\"a\":\"\xff\"}":             false,
		`{"a":"`:                       false,
		`{"a":"\`:                      false,
	}
}

func TestPlainCanonical(t *testing.T) {
	for document, plain := range plainDocuments() {
		got := plainCanonical([]byte(document))
		if (got != nil) != plain {
			t.Errorf("%s: got %s, want it plain: %t", document, got, plain)
		}
		sameAsFormatted(t, []byte(document), got)
	}
}

// sameAsFormatted fails the test if a document has another canonical form by the
// short way than by the long one.
func sameAsFormatted(t *testing.T, document []byte, got jsonText) {
	t.Helper()
	if got == nil {
		return
	}
	want, err := formatted(document)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: got %s, want %s, %v", document, got, want, err)
	}
}

func FuzzPlainCanonical(f *testing.F) {
	for document := range plainDocuments() {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		sameAsFormatted(t, document, plainCanonical(document))
	})
}
