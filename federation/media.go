package federation

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// media serves a picture, wherever it is kept, in a way that no browser or
// server takes it for anything else (INTEROP S4): its type depends on its name
// only, and its name is a digest, so that what it shows never changes.
func (s *Server) media(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "file")
	f, err := s.Media.Open(r.Context(), name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", f.MediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+name+`"`)
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10)) // half a picture is not taken for a whole one
	if _, err := io.Copy(w, f); err != nil {
		s.Log.DebugContext(r.Context(), "picture not sent", "path", r.URL.Path, "err", err)
	}
	return nil
}

// removalTimeout bounds how long a bucket may take to remove a picture: no entry is
// changed meanwhile.
const removalTimeout = 5 * time.Second

// removePicture removes a picture that nothing has any more. As no post and no entry
// is written in a Change of others, none can begin to have it between the question
// and the removal.
func (s *Server) removePicture(ctx context.Context, j *directory.Job) (time.Time, error) {
	return time.Time{}, s.Store.Change(ctx, func(tx *store.Store) error {
		used, err := tx.PictureUsed(ctx, j.Key)
		if err != nil || used {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, removalTimeout)
		defer cancel()
		return s.Media.Remove(ctx, j.Key)
	})
}
