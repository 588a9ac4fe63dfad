package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/config"
	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/exchange"
)

// demoFiles are the demo's cities. Their facts are public; their words are ours.
//
//go:embed demo/*.csv
var demoFiles embed.FS

// demoCity is one instance of the demo.
type demoCity struct {
	slug, name, description, locality, country, language string
	point                                                directory.Point
}

func demoCities() []demoCity {
	return []demoCity{
		{
			"ghent", "Commons of Ghent", "Initiatives of Ghent and around, by and for its people.", "Ghent", "BE", "en",
			directory.Point{Latitude: 51.0543, Longitude: 3.7174},
		},
		{
			"barcelona", "Comuns de Barcelona", "What people of Barcelona own, make and look after together.", "Barcelona", "ES", "en",
			directory.Point{Latitude: 41.3874, Longitude: 2.1686},
		},
		{
			"melbourne", "Melbourne Commons", "Shared sheds, gardens, homes and power on Kulin land.", "Melbourne", "AU", "en",
			directory.Point{Latitude: -37.8136, Longitude: 144.9631},
		},
	}
}

// newDemoCommand returns 'commonage demo'.
func newDemoCommand(a *app) *cobra.Command {
	port := 8001
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run three cities on this machine and watch them federate",
		Long: "Run three instances on this machine, Ghent, Barcelona and Melbourne, each with its\n" +
			"own database in a temporary folder and some 25 initiatives, make them follow each\n" +
			"other, and say what to open. Ctrl-C ends them and leaves nothing behind.",
		Example: "  commonage demo\n  commonage demo --port 9001",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), port) },
	}
	cmd.Flags().IntVar(&port, "port", port, "of the first city; the others take the next two")
	return cmd
}

// demoInstance is a city's instance in a process of its own.
type demoInstance struct {
	demoCity
	host    string
	program string
	dir     string
	config  *config.Config
}

// file is where the city's settings are, for commands to be tried on it.
func (in *demoInstance) file() string { return filepath.Join(in.dir, config.DefaultFile) }

// demo runs until the context ends.
func (a *app) demo(ctx context.Context, port int) (err error) {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.MkdirTemp("", "commonage-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	began := a.now()
	cities := make([]*demoInstance, 0, 3)
	for k, city := range demoCities() {
		in, err := newDemoInstance(city, port+k, program, filepath.Join(dir, city.slug))
		if err == nil {
			err = in.portFree(ctx)
		}
		if err != nil {
			return err
		}
		cities = append(cities, in)
	}
	total := 0
	for _, in := range cities {
		n, err := a.fillDemo(ctx, in)
		if err != nil {
			return err
		}
		total += n
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, in := range cities {
		group.Go(func() error { return in.serve(ctx, a.stderr) })
	}
	group.Go(func() error {
		if err := a.federate(ctx, cities, total); err != nil {
			return err
		}
		return a.demoReady(cities, total, a.now().Sub(began))
	})
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		return a.printf("\nThe cities are gone, and so is %s.\n", dir)
	}
	return err
}

// newDemoInstance makes the city's folder and writes its settings there.
func newDemoInstance(city demoCity, port int, program, dir string) (*demoInstance, error) {
	in := &demoInstance{demoCity: city, program: program, dir: dir}
	in.host = city.slug + ".localhost:" + strconv.Itoa(port)
	settings := map[string]string{
		"host": in.host, "scheme": "http", "listen": "127.0.0.1:" + strconv.Itoa(port), "data_dir": dir,
		"name": city.name, "description": city.description, "language": city.language,
		"locality": city.locality, "country": city.country, "allow_private_addresses": "true", "log_level": "warn",
		"latitude":  strconv.FormatFloat(city.point.Latitude, 'f', -1, 64),
		"longitude": strconv.FormatFloat(city.point.Longitude, 'f', -1, 64),
	}
	var err error
	if in.config, err = config.Load(config.Sources{File: os.DevNull, Flags: settings}); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of %s: %w", city.name, err)
	}
	return in, writeSettings(in.file(), in.config)
}

// portFree fails early and in plain words when something else is at the port.
func (in *demoInstance) portFree(ctx context.Context) error {
	_, port, err := net.SplitHostPort(in.host)
	if err != nil {
		return fmt.Errorf("demo host %s: %w", in.host, err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		return fmt.Errorf("port %s is taken; give another one with --port: %w", port, err)
	}
	return l.Close()
}

// fillDemo imports the city's entries and returns how many there are.
func (a *app) fillDemo(ctx context.Context, in *demoInstance) (int, error) {
	f, err := demoFiles.Open("demo/" + in.slug + ".csv")
	if err != nil {
		return 0, fmt.Errorf("open the demo's entries: %w", err)
	}
	defer f.Close()
	opened, err := openInstance(ctx, in.config)
	if err != nil {
		return 0, err
	}
	summary, err := opened.curator(a).Import(ctx, exchange.Read(exchange.CSV, f, exchange.Options{}),
		curation.ImportOptions{Publish: true})
	if err == nil && summary.Bad > 0 {
		err = fmt.Errorf("%d rows of %s.csv have errors", summary.Bad, in.slug)
	}
	return summary.Added, errors.Join(err, opened.store.Close())
}

// serve runs the city's server until the context ends.
func (in *demoInstance) serve(ctx context.Context, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, in.program, "serve", "--config", in.file()) //nolint:gosec // it is this program
	cmd.Dir = in.dir
	cmd.Stdout, cmd.Stderr = stderr, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = shutdownTimeout
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		err = errors.New("it stopped by itself")
	}
	return fmt.Errorf("serve %s: %w", in.host, err)
}

// demoPatience is how long the demo waits for its cities.
const demoPatience = 2 * time.Minute

// federate makes the cities follow each other, once they answer, and waits
// until each carries everything.
func (a *app) federate(ctx context.Context, cities []*demoInstance, total int) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	for _, in := range cities {
		if err := in.await(ctx, func() bool { return in.entries(ctx) >= 0 }); err != nil {
			return err
		}
	}
	for _, in := range cities {
		if err := a.addPeers(ctx, in, cities); err != nil {
			return err
		}
	}
	for _, in := range cities {
		if err := in.await(ctx, func() bool { return in.entries(ctx) == total }); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) addPeers(ctx context.Context, in *demoInstance, cities []*demoInstance) error {
	opened, err := openInstance(ctx, in.config)
	if err != nil {
		return err
	}
	for _, other := range cities {
		if other != in && err == nil {
			err = opened.curator(a).AddPeer(ctx, other.host)
		}
	}
	return errors.Join(err, opened.store.Close())
}

// await asks until the answer is yes.
func (in *demoInstance) await(ctx context.Context, yes func() bool) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", in.host, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// entries asks the city's server how many entries it carries; -1 means that it
// does not answer.
func (in *demoInstance) entries(ctx context.Context) int {
	_, port, _ := net.SplitHostPort(in.host) //nolint:errcheck // newDemoInstance joined it
	url := "http://127.0.0.1:" + port + "/api/v1/initiatives?limit=1"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return -1
	}
	req.Host = in.host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	var page struct{ Total int }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || resp.StatusCode != http.StatusOK {
		return -1
	}
	return page.Total
}

// demoReady says what to open and what to try.
func (a *app) demoReady(cities []*demoInstance, total int, took time.Duration) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Three cities are up and federate: %d initiatives on each map, after %.1f s.\n\n", total, took.Seconds())
	for _, in := range cities {
		fmt.Fprintf(&text, "  %-20s http://%s/\n", in.name, in.host)
	}
	ghent, barcelona := cities[0], cities[1]
	fmt.Fprintf(&text, `
Open one and search for "repair", or look at its /network. Then, in another terminal:

  %[1]s --config %[2]s initiative add \
    --name 'Ghent Seed Library' --form seed-library --locality Ghent --country BE --at 51.04,3.73

and see it on the map of %[3]s at http://%[4]s/search?q=seed+library within a second or two.
Ctrl-C ends the demo.
`, ghent.program, ghent.file(), barcelona.name, barcelona.host)
	return a.printf("%s", text.String())
}
