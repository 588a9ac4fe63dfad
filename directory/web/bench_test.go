package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/store/storetest"
)

// BenchmarkPages measures typical pages over 5,000 entries.
func BenchmarkPages(b *testing.B) {
	s := storetest.Open(b)
	fill(b, s)
	var many []store.PutEntry
	for n := range 5000 {
		point := at(45+float64(n%97)/10, float64(n%89)/5)
		i := entry("many.example", fmt.Sprintf("n%d", n), fmt.Sprintf("Garden %d", n), point, nil)
		i.Forms = []string{directory.SeedForms()[n%40].Slug}
		many = append(many, store.PutEntry{Initiative: i})
	}
	must(b, s.PutInitiatives(context.Background(), many))
	h := handler(b, ghent(), s)
	for _, path := range []string{"/", "/search", "/search?q=garden", "/initiatives/repaircafe", "/tiles/5/16/10.json", apiPath + "?q=garden"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
				if w.Code != http.StatusOK {
					b.Fatalf("status %d", w.Code)
				}
			}
		})
	}
}
