package federation_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"

	"codeberg.org/commonage/commonage/directory/web"
	"codeberg.org/commonage/commonage/federation/fedtest"
	"codeberg.org/commonage/commonage/templates"
)

// script returns the answer, always, of a document.
func script(contentType string, document any) fedtest.Answer {
	body, err := json.Marshal(document)
	if err != nil {
		panic(err) // a test's own document
	}
	return fedtest.Answer{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: string(body), Always: true,
	}
}

// site returns everything that the city serves, pages too.
func (c *city) site() http.Handler {
	c.w.Helper()
	pages, err := templates.New()
	if err != nil {
		c.w.Fatal(err)
	}
	site, err := web.New(web.Options{
		Instance: c.instance, Store: c.store, Templates: pages, Logger: c.Log, Now: c.w.clock.Now, Version: "0.1.0",
	})
	if err != nil {
		c.w.Fatal(err)
	}
	return c.Handler(site.Handler())
}

// page returns what a browser gets at an address.
func (c *city) page(address string) *httptest.ResponseRecorder {
	c.w.Helper()
	r := httptest.NewRequestWithContext(c.w.Context(), http.MethodGet, c.url(address), http.NoBody)
	r.Header.Set("Accept", "text/html")
	got := httptest.NewRecorder()
	c.site().ServeHTTP(got, r)
	return got
}

// mustDocument returns the document that an actor of another server has now.
func mustDocument(c *city, id string) fedtest.Object {
	c.w.Helper()
	return c.document(id)
}
