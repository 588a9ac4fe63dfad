package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// BucketOptions say where a bucket is and who opens it. All but Prefix are
// needed.
type BucketOptions struct {
	Endpoint  string // "https://s3.example.org", without a path
	Region    string // "us-east-1" where there is but one
	Name      string // of the bucket
	Prefix    string // before every file's name, such as "media/"; of letters that need no escape
	AccessKey string
	SecretKey string
	Now       func() time.Time
}

// Bucket is a Shelf in a store that speaks S3. Its files need not be public: the
// instance itself gives them out.
type Bucket struct {
	BucketOptions
	client *http.Client
}

const (
	bucketTimeout = 30 * time.Second
	maxAnswer     = 4 << 10 // of an error that is passed on
)

// NewBucket returns a bucket. It is not looked for before the first picture.
func NewBucket(o BucketOptions) *Bucket {
	return &Bucket{BucketOptions: o, client: &http.Client{
		Timeout:       bucketTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Save implements Shelf.
func (b *Bucket) Save(ctx context.Context, name, mediaType string, data []byte) error {
	answer, err := b.ask(ctx, http.MethodPut, name, mediaType, data)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Open implements Shelf.
func (b *Bucket) Open(ctx context.Context, name string) (*File, error) {
	answer, err := b.ask(ctx, http.MethodGet, name, "", nil)
	if err != nil {
		return nil, err
	}
	if answer.ContentLength <= 0 || answer.ContentLength > MaxBytes {
		return nil, errors.Join(fmt.Errorf("picture %s has %d bytes", name, answer.ContentLength), answer.Body.Close())
	}
	return &File{ReadCloser: answer.Body, Size: answer.ContentLength}, nil
}

// Remove implements Shelf.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	answer, err := b.ask(ctx, http.MethodDelete, name, "", nil)
	if errors.Is(err, directory.ErrNotFound) {
		return nil // Amazon answers 204 then, others do not
	}
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// ask makes one signed request and returns the answer of one that succeeded.
func (b *Bucket) ask(ctx context.Context, method, name, mediaType string, data []byte) (*http.Response, error) {
	path := "/" + b.Name + "/" + b.Prefix + name
	r, err := http.NewRequestWithContext(ctx, method, b.Endpoint+path, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", path, err)
	}
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	b.sign(r, data)
	answer, err := b.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusNoContent && method == http.MethodDelete {
		return answer, nil
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound && method != http.MethodPut {
		return nil, directory.ErrNotFound
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) //nolint:errcheck // the status says enough
	return nil, fmt.Errorf("%s %s: the bucket answered %s: %q", method, path, answer.Status, text)
}
