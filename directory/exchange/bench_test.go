package exchange_test

import (
	"bytes"
	"io"
	"iter"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

// BenchmarkRead reads the real files, and what we write of them. The whole
// import has to reach 2,000 entries a second with the store, so that this should
// be ten times as fast.
func BenchmarkRead(b *testing.B) {
	susy, uk := contents(b, susyFile), contents(b, ukFile)
	b.Run("geojson", func(b *testing.B) { read(b, exchange.GeoJSON, susy) })
	b.Run("mykomap", func(b *testing.B) { read(b, exchange.Mykomap, uk) })
	for _, format := range []string{exchange.GeoJSON, exchange.CSV} {
		b.Run("own "+format, func(b *testing.B) { read(b, format, written(b, format, susy)) })
	}
}

func contents(b *testing.B, name string) []byte {
	b.Helper()
	text, err := io.ReadAll(realFile(b, name))
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func read(b *testing.B, format string, text []byte) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	n := 0
	for b.Loop() {
		for _, err := range exchange.Read(format, bytes.NewReader(text), exchange.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

func written(b *testing.B, format string, text []byte) []byte {
	b.Helper()
	var out bytes.Buffer
	if err := exchange.Write(format, &out, initiatives(b, exchange.GeoJSON, text), exchange.Collection{}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// initiatives streams what a file holds.
func initiatives(t testing.TB, format string, text []byte) iter.Seq2[*directory.Initiative, error] {
	t.Helper()
	return func(yield func(*directory.Initiative, error) bool) {
		for r, err := range exchange.Read(format, bytes.NewReader(text), exchange.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(r.Initiative, nil) {
				return
			}
		}
	}
}
