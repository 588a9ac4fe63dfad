package media_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/media"
)

// signatureOf returns the signature that a request should have, by the headers
// that it says are signed (AWS Signature Version 4 for S3).
func signatureOf(r *http.Request, secretKey string) (string, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return "", errors.New("it is not signed")
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	_, scope, _ := strings.Cut(fields["Credential"], "/")
	signed := strings.Split(fields["SignedHeaders"], ";")
	if !slices.IsSorted(signed) {
		return "", fmt.Errorf("the headers %v are not in order", signed)
	}
	for _, needed := range []string{"host", "x-amz-content-sha256", "x-amz-date"} {
		if !slices.Contains(signed, needed) {
			return "", fmt.Errorf("%s is not signed", needed)
		}
	}
	if r.Header.Get("Content-Type") != "" && !slices.Contains(signed, "content-type") {
		return "", errors.New("the type is not signed")
	}
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n"
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + strings.TrimSpace(value) + "\n"
	}
	canonical += "\n" + fields["SignedHeaders"] + "\n" + r.Header.Get("X-Amz-Content-Sha256")
	sum := sha256.Sum256([]byte(canonical))
	message := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + secretKey)
	for _, part := range append(strings.Split(scope, "/"), message) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if got := hex.EncodeToString(key); got != fields["Signature"] {
		return got, fmt.Errorf("the signature is %s", fields["Signature"])
	}
	return fields["Signature"], nil
}

// TestSignatureOf holds the check to the example that Amazon publishes.
func TestSignatureOf(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "https://examplebucket.s3.amazonaws.com/test.txt", http.NoBody)
	r.Header.Set("Range", "bytes=0-9")
	r.Header.Set("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"+
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"+
		"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
	if got, err := signatureOf(r, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"); err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// s3 is a bucket in memory that takes what is signed with its key.
type s3 struct {
	mu    sync.Mutex
	files map[string][]byte
	types map[string]string
	say   func(w http.ResponseWriter, r *http.Request) bool // answers first, if it likes
}

const secretKey = "its/secret+key"

func (s *s3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.say != nil && s.say(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	sum := sha256.Sum256(body)
	_, err = signatureOf(r, secretKey)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusForbidden)
	case r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]):
		http.Error(w, "XAmzContentSHA256Mismatch", http.StatusBadRequest)
	case !strings.Contains(r.Header.Get("Authorization"), "Credential=AKID/20261123/eu-west-3/s3/aws4_request"):
		http.Error(w, "InvalidAccessKeyId", http.StatusForbidden)
	case r.Method == http.MethodPut:
		s.files[r.URL.Path], s.types[r.URL.Path] = body, r.Header.Get("Content-Type")
	case r.Method == http.MethodDelete: // also of what is not there
		delete(s.files, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	case s.files[r.URL.Path] == nil:
		http.Error(w, "<Code>NoSuchKey</Code>", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "text/html") // what it says does not count
		_, _ = w.Write(s.files[r.URL.Path])
	}
}

// bucket starts a bucket and returns the pictures in it.
func bucket(t testing.TB, secretKey string) (*s3, *media.Library) {
	t.Helper()
	s := &s3{files: map[string][]byte{}, types: map[string]string{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, media.New(media.NewBucket(media.BucketOptions{
		Endpoint: server.URL, Region: "eu-west-3", Name: "photos", Prefix: "ghent/", AccessKey: "AKID", SecretKey: secretKey,
		Now: func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600)) },
	}))
}

func TestBucket(t *testing.T) {
	s, l := bucket(t, secretKey)
	for _, data := range [][]byte{jpegOf(t, drawing(9, 9, 255)), pngOf(t, drawing(9, 9, 7))} {
		a, kept := keep(t, l, data)
		path := "/photos/ghent/" + a.File
		if !bytes.Equal(s.files[path], kept) || s.types[path] != a.MediaType {
			t.Errorf("%s has %d bytes of %s, want %d of %s", path, len(s.files[path]), s.types[path], len(kept), a.MediaType)
		}
		isGone(t, l, a.File)
	}
	if _, err := l.Open(t.Context(), strings.Repeat("0", 64)+".jpg"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("what is not there: got %v", err)
	}
}

// TestBucketRefuses: what goes wrong is said, without the key.
func TestBucketRefuses(t *testing.T) {
	data, name := jpegOf(t, drawing(9, 9, 255)), strings.Repeat("0", 64)+".png"
	answer := func(status int, header, value string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set(header, value)
			w.WriteHeader(status)
			return true
		}
	}
	for want, tt := range map[string]struct {
		key string
		say func(http.ResponseWriter, *http.Request) bool
	}{
		"403 Forbidden":           {"another", nil},
		"503 Service Unavailable": {secretKey, answer(503, "X", "y")},
		"307 Temporary Redirect":  {secretKey, answer(307, "Location", "http://127.0.0.1:1/")},
	} {
		s, l := bucket(t, tt.key)
		s.say = tt.say
		_, err := l.Put(t.Context(), bytes.NewReader(data), "")
		_, second := l.Open(t.Context(), name)
		for _, err := range []error{err, second, l.Remove(t.Context(), name)} {
			if err == nil || errors.Is(err, directory.ErrNotFound) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secretKey) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
	s, l := bucket(t, secretKey)
	s.say = answer(200, "Content-Length", "99999999999")
	if _, err := l.Open(t.Context(), name); err == nil || !strings.Contains(err.Error(), "99999999999 bytes") {
		t.Errorf("a file without end: got %v", err)
	}
}
