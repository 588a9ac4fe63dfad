package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/directory/web"
	"codeberg.org/commonage/commonage/templates"
)

// ours is this program's store and pages.
type ours struct {
	*store.Store
	o      options
	name   string // of the database, on PostgreSQL
	site   http.Handler
	cancel context.CancelFunc
	kept   sync.WaitGroup
	page50 string // cursor
}

func openOurs(ctx context.Context, o options) (engine, bool, error) {
	e := &ours{o: o, name: fmt.Sprintf("bench_%d", o.size)}
	address := "sqlite:" + e.file()
	if o.engine == "postgres" {
		if err := makeDatabase(ctx, o.postgres, e.name); err != nil {
			return nil, false, err
		}
		address = databaseURL(o.postgres, e.name)
	}
	var err error
	if e.Store, err = store.Open(ctx, address); err != nil {
		return nil, false, err
	}
	if _, err := e.Migrate(ctx); err != nil {
		return nil, false, err
	}
	pages, err := templates.New()
	if err != nil {
		return nil, false, err
	}
	site, err := web.New(web.Options{
		Instance: directory.Instance{Host: host, Scheme: "https", Name: "Bench", Language: "en"}, Store: e.Store,
		Templates: pages, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
	})
	if err != nil {
		return nil, false, err
	}
	e.site = site.Handler()
	some, err := e.InitiativeByHandle(ctx, host, fmt.Sprintf("n%d", (o.size-1)/4*4))
	return e, err == nil && some != nil, nil
}

func (e *ours) file() string {
	dir := filepath.Join(e.o.dir, fmt.Sprintf("sqlite-%d", e.o.size))
	_ = os.MkdirAll(dir, 0o750)
	return filepath.Join(dir, "commonage.db")
}

func (e *ours) put(ctx context.Context, entries []*directory.Initiative) error {
	batch := make([]store.PutEntry, len(entries))
	for k, i := range entries {
		batch[k].Initiative = i
		if i.Origin == host {
			batch[k].Change = directory.Added
		}
	}
	return e.PutInitiatives(ctx, batch)
}

func (e *ours) ready(ctx context.Context) error {
	if err := e.FillIndex(ctx); err != nil {
		return err
	}
	ctx, e.cancel = context.WithCancel(ctx)
	e.kept.Go(func() { e.KeepIndex(ctx, func(err error) { fmt.Fprintln(os.Stderr, err) }) })
	return nil
}

func (e *ours) ask(ctx context.Context, q question) error {
	if q.Page > 1 {
		for page := 1; page < q.Page && e.page50 == "" || page == 1 && e.page50 == ""; page++ {
			if err := e.turn(ctx, q); err != nil {
				return err
			}
		}
		q.Cursor = e.page50
	}
	_, err := e.Search(ctx, q.Query)
	return err
}

// turn finds the cursor of the question's page.
func (e *ours) turn(ctx context.Context, q question) error {
	for page := 1; page < q.Page; page++ {
		r, err := e.Search(ctx, q.Query)
		if err != nil {
			return err
		}
		q.Cursor = r.Next
	}
	e.page50 = q.Cursor
	return nil
}

func (e *ours) tile(ctx context.Context, z, x, y int, query string) error {
	target := fmt.Sprintf("/tiles/%d/%d/%d.json?%s", z, x, y, query)
	if _, err := url.Parse(target); err != nil {
		return err
	}
	w := httptest.NewRecorder()
	e.site.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil))
	if w.Code != http.StatusOK {
		return fmt.Errorf("%s: status %d: %s", target, w.Code, w.Body)
	}
	return nil
}

func tileAt(p directory.Point, z int) (x, y int) {
	u, v := search.Mercator(p)
	n := math.Exp2(float64(z))
	return int(u * n), int(v * n)
}

func (e *ours) disk(ctx context.Context) string {
	if e.o.engine == "postgres" {
		return databaseSize(ctx, e.o.postgres, e.name)
	}
	return sizeOf(filepath.Dir(e.file()))
}

func (e *ours) close() error {
	if e.cancel != nil {
		e.cancel()
		e.kept.Wait()
	}
	return e.Close()
}
