package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/config"
)

// app is what every command is given: the world outside, and the settings.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	now            func() time.Time // UTC, microseconds

	configFile string         // given with --config
	flags      *pflag.FlagSet // one flag for each setting
	started    bool           // a command's own code has begun
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{
		stdin: stdin, stdout: stdout, stderr: stderr, environ: config.Environ(),
		now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	}
}

// sources returns where the settings come from. A command that asks for some of
// them adds the answers to Flags, and loads the result itself.
func (a *app) sources() config.Sources {
	given := map[string]string{}
	for _, o := range config.Options() {
		if f := a.flags.Lookup(o.Flag); f != nil && f.Changed {
			given[o.Key] = f.Value.String()
		}
	}
	return config.Sources{File: a.configFile, Environ: a.environ, Flags: given}
}

// settings returns the effective settings. Those that are required by name must
// have a value.
func (a *app) settings(required ...string) (*config.Config, error) {
	c, err := config.Load(a.sources())
	if err != nil {
		return nil, err
	}
	return c, c.Require(required...)
}

// logger returns a logger to standard error, as the settings want it.
func (a *app) logger(c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == config.LogJSON {
		return slog.New(slog.NewJSONHandler(a.stderr, options))
	}
	return slog.New(slog.NewTextHandler(a.stderr, options))
}

// usageError is a fault in how a command was called, found by its own code.
type usageError struct{ text string }

// Error returns the text.
func (e *usageError) Error() string { return e.text }

// usagef returns a *usageError.
func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }
