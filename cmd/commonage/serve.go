package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"codeberg.org/commonage/commonage/config"
	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/web"
	"codeberg.org/commonage/commonage/federation"
	"codeberg.org/commonage/commonage/templates"
)

// newServeCommand returns 'commonage serve'.
func newServeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the instance: its pages, its federation and its work in the background",
		Long: "Run the instance: its pages, its federation and its work in the background.\n" +
			"It listens on 127.0.0.1:8080 unless 'listen' says otherwise; a web server in front\n" +
			"of it speaks https and passes requests on with their Host. It stops on Ctrl-C or\n" +
			"SIGTERM and finishes what it has begun.",
		Example: "  commonage serve\n" +
			"  commonage serve --config /etc/commonage.toml --listen 127.0.0.1:9000",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error { return a.serve(cmd.Context(), in) })
		},
	}
}

// How long requests may take. An inbox POST may have to wait for the sender's
// key; a stalled client may not keep a connection.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 10 * time.Second
)

// serve runs until the context ends.
func (a *app) serve(ctx context.Context, in *instance) error {
	log := a.logger(in.config)
	collectOften()
	handler, fed, err := a.handlers(ctx, in, log)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", in.config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	log.InfoContext(ctx, "started", "host", in.config.Host, "listen", listener.Addr().String(),
		"version", readBuild().version)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return fed.Run(ctx) })
	group.Go(func() error {
		in.store.KeepIndex(ctx, func(err error) { log.ErrorContext(ctx, "could not keep the index", "err", err) })
		return nil
	})
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		return server.Shutdown(end)
	})
	err = group.Wait()
	log.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

// collectOften makes the garbage collector run when the heap has grown by two
// fifths, unless GOGC says otherwise. Most of a large instance's heap is the
// index, in which it need not look for pointers, so that costs little and saves
// a third of the memory.
func collectOften() {
	const usual, often = 100, 40
	if before := debug.SetGCPercent(often); before != usual {
		debug.SetGCPercent(before)
	}
}

// handlers puts the parts of the server together.
func (a *app) handlers(ctx context.Context, in *instance, log *slog.Logger) (http.Handler, *federation.Server, error) {
	c := in.config
	version := readBuild().version
	if _, err := federation.EnsureKeys(ctx, in.store, a.now()); err != nil {
		return nil, nil, err
	}
	keys, err := federation.LoadKeys(ctx, in.store)
	if err != nil {
		return nil, nil, err
	}
	pages, err := templates.New()
	if err != nil {
		return nil, nil, fmt.Errorf("read templates: %w", err)
	}
	site, err := web.New(web.Options{
		Instance: c.Instance(), Store: in.store, Templates: pages, Logger: log, Now: a.now, Version: version,
		MapTiles: web.MapTiles{URL: c.MapTiles, Attribution: c.MapAttribution},
	})
	if err != nil {
		return nil, nil, err
	}
	fed := federation.New(federation.Options{
		Instance: c.Instance(), Store: in.store, Keys: keys, Version: version, Media: in.media(a),
		Allowlist: c.Peering == config.PeeringAllowlist, Workers: c.Workers, Log: log, Now: a.now,
		Peering: directory.PeerPolicy(c.Peering), Vouches: c.Vouches, Unlisted: !c.Listed,
		PeerEntries: c.PeerEntries,
		HideAfter:   time.Duration(c.HideAfterDays) * 24 * time.Hour,
		SecureMode:  c.SecureMode, Replies: c.Replies, Client: in.client(a, log),
	})
	return fed.Handler(site.Handler()), fed, nil
}
