package directory_test

import (
	"slices"
	"testing"

	"codeberg.org/commonage/commonage/directory"
)

func TestPhrases(t *testing.T) {
	for _, c := range []struct{ given, want []string }{
		{nil, nil},
		{[]string{"", " \t"}, nil},
		{[]string{" cargo  bike\n", "Workshop space", "Cargo bike"}, []string{"cargo bike", "Workshop space"}},
		{[]string{"ÉCOLE", "école", "ecole"}, []string{"ÉCOLE", "ecole"}},
	} {
		if got := directory.Phrases(c.given); !slices.Equal(got, c.want) {
			t.Errorf("%q gives %q, want %q", c.given, got, c.want)
		}
	}
}
