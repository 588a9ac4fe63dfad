package vocab_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/commonage/commonage/federation/vocab"
)

func TestTime(t *testing.T) {
	for _, test := range []struct {
		in   time.Time
		want string
	}{
		{time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), "2026-02-01T09:00:00.000000Z"},
		{time.Date(2026, 2, 1, 9, 0, 0, 120_999, time.UTC), "2026-02-01T09:00:00.000120Z"},
		{time.Date(2026, 2, 1, 1, 0, 0, 0, time.FixedZone("", 3*3600)), "2026-01-31T22:00:00.000000Z"},
	} {
		if got := vocab.Time(test.in); got != test.want {
			t.Errorf("Time(%v) = %s, want %s", test.in, got, test.want)
		}
	}
}

func TestParseTime(t *testing.T) {
	for in, want := range map[string]string{
		"2026-02-01T09:00:00Z":             "2026-02-01T09:00:00.000000Z",
		"2026-02-01T09:00:00.1234567Z":     "2026-02-01T09:00:00.123456Z",
		"2026-02-01T09:00:00.5+05:30":      "2026-02-01T03:30:00.500000Z",
		"2026-02-01T09:00Z":                "2026-02-01T09:00:00.000000Z",
		"2026-02-01T09:00:00":              "2026-02-01T09:00:00.000000Z",
		"2026-02-01T09:00:00.25":           "2026-02-01T09:00:00.250000Z",
		"2026-02-01T09:00:00+0200":         "2026-02-01T07:00:00.000000Z",
		"":                                 "",
		"2026-02-01":                       "",
		"yesterday":                        "",
		"9999-12-31T23:59:59-12:00":        "",
		"0001-01-01T00:00:00+12:00":        "",
		"2026-02-30T09:00:00Z":             "",
		"2026-02-01T09:00:00.0000000Z\x00": "",
	} {
		parsed, err := vocab.ParseTime(in)
		got := ""
		if err == nil {
			got = vocab.Time(parsed)
		}
		if got != want {
			t.Errorf("ParseTime(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

// The directory's digest hashes the spelling, so it must survive a journey.
func TestTimeComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.UnixMicro(rapid.Int64Range(-62135596800e6, 253402300799e6).Draw(t, "micros")).UTC()
		got, err := vocab.ParseTime(vocab.Time(want))
		if err != nil || !got.Equal(want) || vocab.Time(got) != vocab.Time(want) {
			t.Fatalf("ParseTime(Time(%v)) = %v, %v", want, got, err)
		}
	})
}
