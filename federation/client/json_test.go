package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/client"
)

func nested(depth int) string {
	return strings.Repeat(`{"a":[`, depth/2) + strings.Repeat(`]}`, depth/2)
}

// SE5: what two readers could understand differently, or what costs more than
// it is worth, is refused.
func TestCheckJSON(t *testing.T) {
	cases := []struct {
		name, body string
		ok         bool
	}{
		{"object", `{"id":"a","list":[1,-2.5e3,null,true,{"id":"b"}]}`, true},
		{"same name in different objects", `[{"id":1},{"id":2},{"o":{"id":3}}]`, true},
		{"names that differ in case", `{"id":1,"ID":2}`, true},
		{"spaces around", " \n{}\n ", true},
		{"SE5 32 deep", nested(32), true},
		{"SE5 34 deep", nested(34), false},
		{"SE5 10,000 deep", nested(10000), false},
		{"SE5 10,000 arrays", strings.Repeat("[", 10000), false},
		{"SE5 duplicate name", `{"id":1,"b":2,"id":3}`, false},
		{"SE5 duplicate by escape", `{"id":1,"\u0069d":3}`, false},
		{"SE5 duplicate far inside", `{"a":[{"b":{"c":1,"c":1}}]}`, false},
		{"SE5 long string", `"` + strings.Repeat("x", 10<<20) + `"`, true},
		{"empty", ``, false},
		{"blank", ` `, false},
		{"cut", `{"a":`, false},
		{"two values", `{}{}`, false},
		{"rest", `{} x`, false},
		{"trailing comma", `{"a":1,}`, false},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", false},
		{"NUL", "{\"a\":\"\x00\"}", false},
	}
	for _, c := range cases {
		err := client.CheckJSON([]byte(c.body))
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v, want ok = %v", c.name, err, c.ok)
		}
		if err == nil {
			continue
		}
		if _, invalid := errors.AsType[*client.InvalidError](err); !invalid || client.Retryable(err) {
			t.Errorf("%s: got %T, want a lasting InvalidError", c.name, err)
		}
	}
}

// The memory for a check does not grow with depth or length of the input.
func TestCheckJSONAllocates(t *testing.T) {
	long := []byte(`{"a":"` + strings.Repeat("x", 1<<20) + `","b":[` + strings.Repeat(`{"c":1},`, 50000) + `1]}`)
	if got := testing.AllocsPerRun(5, func() {
		if err := client.CheckJSON(long); err != nil {
			t.Fatal(err)
		}
	}); got > 100 {
		t.Errorf("got %v allocations, want at most 100", got)
	}
}

func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{"id":"a","id":1}`, nested(34), `{"\u0069d":[{}]} `, `"\ud800"`, `-0.0e+1`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if client.CheckJSON(body) != nil {
			return
		}
		if !json.Valid(body) {
			t.Errorf("%q passes and is no JSON", body)
		}
		again := fmt.Appendf(nil, `{"a":%s,"a":1}`, body)
		if client.CheckJSON(again) == nil {
			t.Errorf("%q passes", again)
		}
	})
}

func BenchmarkCheckJSON(b *testing.B) {
	body := []byte(`{"@context":"https://www.w3.org/ns/activitystreams","id":"https://a.example/1","attachment":[` +
		strings.Repeat(`{"type":"PropertyValue","name":"Web","value":"<a href=\"https://a.example\">a</a>"},`, 30) + `{}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := client.CheckJSON(body); err != nil {
			b.Fatal(err)
		}
	}
}
