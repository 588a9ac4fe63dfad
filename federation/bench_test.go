package federation_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/store/storetest"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/federation/client"
)

// BenchmarkLogPage is a page of the directory's log, which is what a new peer
// reads over and over.
func BenchmarkLogPage(b *testing.B) {
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	s := storetest.Open(b)
	in := directory.Instance{Host: "ghent.example", Scheme: "https", Name: "Ghent"}
	curator := curation.New(s, in, now)
	for k := range 100 {
		i := rad()
		i.Handle = fmt.Sprintf("rad%d", k)
		if err := curator.Publish(b.Context(), i); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := federation.EnsureKeys(b.Context(), s, now()); err != nil {
		b.Fatal(err)
	}
	keys, err := federation.LoadKeys(b.Context(), s)
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	outgoing := client.New(client.Options{UserAgent: "Commonage/test", Log: log, Now: now})
	defer outgoing.Close()
	server := federation.New(federation.Options{
		Instance: in, Store: s, Client: outgoing, Keys: keys, Version: "0.1.0", Workers: 1, Log: log, Now: now,
	}).Handler(http.NotFoundHandler())
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/directory/outbox?before=9007199254740991", http.NoBody))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
		b.SetBytes(int64(w.Body.Len()))
		b.ReportMetric(float64(w.Body.Len())/100, "B/item")
	}
}
