package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/synthetic"
)

// engine is something that can be asked.
type engine interface {
	// put writes entries, new or changed.
	put(ctx context.Context, entries []*directory.Initiative) error
	// ready returns once everything written can be found.
	ready(ctx context.Context) error
	// ask answers a question as a page needs it: hits, total, facets.
	ask(ctx context.Context, q question) error
	disk(ctx context.Context) string
	close() error
}

// drawer is an engine that also makes map tiles.
type drawer interface {
	// tile answers with the tile at z/x/y of what the address asks for.
	tile(ctx context.Context, z, x, y int, query string) error
}

// host is the instance that the entries are on.
const host = "bench.example"

func open(ctx context.Context, o options) (engine, bool, error) {
	switch o.engine {
	case "sqlite", "postgres":
		return openOurs(ctx, o)
	case "bleve":
		return openBleve(o)
	case "plain":
		return openPlain(ctx, o)
	}
	return nil, false, fmt.Errorf("there is no engine %q", o.engine)
}

// child fills a database or measures it.
func child(ctx context.Context, o options) error {
	e, filled, err := open(ctx, o)
	if err != nil {
		return err
	}
	if o.load && !filled {
		err = load(ctx, e, o)
	} else if !o.load {
		err = measure(ctx, e, o)
	}
	if closed := e.close(); err == nil {
		err = closed
	}
	return err
}

func load(ctx context.Context, e engine, o options) error {
	d := synthetic.New(1, host)
	const batch = 5000
	began := time.Now()
	for first := 0; first < o.size; first += batch {
		var entries []*directory.Initiative
		for k := first; k < min(first+batch, o.size); k++ {
			entries = append(entries, d.Entry(k))
		}
		if err := e.put(ctx, entries); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	}
	note("load, entries a second", "%.0f", float64(o.size)/time.Since(began).Seconds())
	note("disk", "%s", e.disk(ctx))
	return nil
}

func measure(ctx context.Context, e engine, o options) error {
	began := time.Now()
	if err := profiled(o.profile, "start", func() error { return e.ready(ctx) }); err != nil {
		return err
	}
	note("start until all is found", "%.1f s", time.Since(began).Seconds())
	note("memory at start, now / most", "%d / %d MB", resident("VmRSS"), resident("VmHWM"))
	d := synthetic.New(1, host)
	stop := write(ctx, e, d, o)
	if err := profiled(o.profile, "ask", func() error { return ask(ctx, e, d, o) }); err != nil {
		stop()
		return err
	}
	if t, ok := e.(drawer); ok {
		if err := tiles(ctx, t, d, o); err != nil {
			return err
		}
	}
	note("changes written a second", "%.0f", stop())
	note("memory at the end, now / most", "%d / %d MB", resident("VmRSS"), resident("VmHWM"))
	return nil
}

// ask times the questions of each kind.
func ask(ctx context.Context, e engine, d *synthetic.Directory, o options) error {
	for at, k := range kinds() {
		if o.only != "" && !strings.Contains(k.name, o.only) {
			continue
		}
		r := rand.New(rand.NewPCG(7, uint64(at)))
		var all []time.Duration
		limit, busy := time.Now().Add(o.most), processor()
		for range o.times {
			q := k.make(r, d, o.size)
			began := time.Now()
			if err := e.ask(ctx, q); err != nil {
				return fmt.Errorf("%s, %q: %w", k.name, q.Text, err)
			}
			all = append(all, time.Since(began))
			if time.Now().After(limit) {
				break
			}
		}
		busy = (processor() - busy) / time.Duration(len(all))
		noteTimes(k.name, all)
		note(k.name+", processor", "%.1f", busy.Seconds()*1000)
	}
	return nil
}

// tiles times the tiles of a map. Each cold one is of another search.
func tiles(ctx context.Context, t drawer, d *synthetic.Directory, o options) error {
	r := rand.New(rand.NewPCG(8, 8))
	timed := func(name string, n int, draw func(k int) error) error {
		var all []time.Duration
		limit := time.Now().Add(o.most)
		for k := 0; k < n && (k == 0 || time.Now().Before(limit)); k++ {
			began := time.Now()
			if err := draw(k); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			all = append(all, time.Since(began))
		}
		noteTimes(name, all)
		return nil
	}
	city := func() (x, y int) {
		const z = 12
		return tileAt(*spot(r, d, o.size), z)
	}
	for _, step := range []struct {
		name string
		draw func(k int) error
	}{
		{"tile of the world, cold", func(k int) error { return t.tile(ctx, 0, 0, 0, unseen(k)) }},
		{"tile of the world, cold, common word", func(k int) error {
			return t.tile(ctx, 0, 0, 0, "q=community+&"+unseen(k))
		}},
		{"tile of the world, warm", func(int) error { return t.tile(ctx, 0, 0, 0, "") }},
		{"tile of a city", func(int) error {
			x, y := city()
			return t.tile(ctx, 12, x, y, "")
		}},
	} {
		if err := timed(step.name, min(o.times, 100), step.draw); err != nil {
			return err
		}
	}
	return nil
}

// unseen returns the k-th of a hundred filters that most entries pass.
func unseen(k int) string {
	return fmt.Sprintf("kind=urban&kind=productive&kind=knowledge&role=community&role=livelihood&role=infrastructure&"+
		"current=share&current=care&current=fair&country=%c%c&country=GB&country=DE&country=FR&country=ES", 'A'+k%10, 'A'+k/10)
}

// write changes entries at the rate asked for until the function that it
// returns is called, which says how many it wrote a second.
func write(ctx context.Context, e engine, d *synthetic.Directory, o options) (stop func() float64) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	written, began := 0, time.Now()
	done.Go(func() {
		if o.rate <= 0 {
			return
		}
		r := rand.New(rand.NewPCG(9, 9))
		ticker := time.NewTicker(time.Second / time.Duration(o.rate))
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			written++
			if err := e.put(ctx, []*directory.Initiative{changed(d, r, o.size, written)}); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "write:", err)
			}
		}
	})
	return func() float64 {
		cancel()
		done.Wait()
		return float64(written) / time.Since(began).Seconds()
	}
}
