package vocab

import (
	"encoding/json"
	"testing"
)

// FuzzValid holds valid to what it stands for.
func FuzzValid(f *testing.F) {
	for _, text := range []string{
		`{}`, ` [1,-0.5e+3,true,null] `, `"\ud800"`, "\"\xff\"", `{"a":1,"a":2}`, `{"a":1} {}`, `{"a":1,}`, `01`, "\"\x01\"", ``, `{"a"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := valid(text), json.Valid(text); got != want && Depth(text) <= MaxDepth {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	})
}
