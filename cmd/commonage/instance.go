package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/config"
	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/curation"
	"codeberg.org/commonage/commonage/directory/media"
	"codeberg.org/commonage/commonage/directory/store"
)

// instance is an instance's settings and its open database. Commands work on it
// beside a running server, which acts on what they leave within a second.
type instance struct {
	config *config.Config
	store  *store.Store
}

// withInstance opens the instance that the settings describe, calls use and
// closes it.
func (a *app) withInstance(ctx context.Context, use func(*instance) error) error {
	c, err := a.settings("host")
	if err != nil {
		return err
	}
	in, err := openInstance(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(use(in), in.store.Close())
}

// each returns what a command does that takes one name or more: do with each in
// turn, saying what was done, and in the end which of them failed. What names
// them is for errors.
func (a *app) each(what string, do func(ctx context.Context, in *instance, name string) (done string, err error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return a.withInstance(cmd.Context(), func(in *instance) error {
			var failed []error
			for _, name := range args {
				done, err := do(cmd.Context(), in, name)
				if err == nil {
					err = a.printf("%s\n", done)
				}
				if cmd.Context().Err() != nil {
					return cmd.Context().Err()
				}
				if err != nil {
					failed = append(failed, explain(err, what+" "+name))
				}
			}
			return errors.Join(failed...)
		})
	}
}

// openInstance opens the database, which is made and brought up to date if need
// be. It must not be another host's.
func openInstance(ctx context.Context, c *config.Config) (*instance, error) {
	if err := os.MkdirAll(c.DataDir, 0o750); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	s, err := store.Open(ctx, c.DatabaseDSN())
	if err != nil {
		return nil, err
	}
	if _, err := s.Migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Belong(ctx, c.Host); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &instance{config: c, store: s}, nil
}

func (in *instance) curator(a *app) *curation.Curator {
	return curation.New(in.store, in.config.Instance(), a.now)
}

// handle returns the handle in what names an initiative of the instance: "x", "@x"
// or "@x@HOST". What names another one stays as it is, and is found nowhere.
func (in *instance) handle(name string) string {
	handle, domain, whole := strings.Cut(strings.TrimPrefix(name, "@"), "@")
	if whole && !in.config.Instance().IsCalled(domain) {
		return name
	}
	return handle
}

// media returns where the instance keeps its pictures.
func (in *instance) media(a *app) *media.Library {
	b, ok := in.config.MediaBucket()
	if !ok {
		return media.NewDir(in.config.MediaDir())
	}
	return media.New(media.NewBucket(media.BucketOptions{
		Endpoint: b.Endpoint, Region: b.Region, Name: b.Name, Prefix: b.Prefix,
		AccessKey: in.config.MediaAccessKey, SecretKey: in.config.MediaSecretKey, Now: a.now,
	}))
}

// printf writes a line or more for people to standard output.
func (a *app) printf(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.stdout, format, args...); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// explain words the errors that people meet by a handle they typed.
func explain(err error, what string) error {
	moved, gone := errors.AsType[*directory.MovedError](err)
	switch {
	case gone:
		return fmt.Errorf("%s moved to %s", what, moved.To)
	case errors.Is(err, directory.ErrNotFound):
		return fmt.Errorf("there is no %s here", what)
	case errors.Is(err, directory.ErrGone):
		return fmt.Errorf("%s was withdrawn", what)
	}
	return err
}
