package media

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"codeberg.org/commonage/commonage/directory"
)

// Dir is a Shelf in a folder.
type Dir string

// Save implements Shelf.
func (d Dir) Save(_ context.Context, name, _ string, data []byte) error {
	if err := os.MkdirAll(string(d), 0o750); err != nil {
		return fmt.Errorf("make folder of pictures: %w", err)
	}
	f, err := os.CreateTemp(string(d), ".new-*")
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone already when all went well
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(string(d), name))
	}
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

// Open implements Shelf.
func (d Dir) Open(_ context.Context, name string) (*File, error) {
	f, err := os.Open(filepath.Join(string(d), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, directory.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &File{ReadCloser: f, Size: info.Size()}, nil
}

// Remove implements Shelf.
func (d Dir) Remove(_ context.Context, name string) error {
	err := os.Remove(filepath.Join(string(d), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
