// Package media keeps the pictures of an instance: each is decoded, turned
// upright, made small enough and written anew, so that what is served is nothing
// but a picture, without a camera's notes on where and when.
package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // a format that is read
	"image/jpeg"
	"image/png"
	"io"
	"regexp"
	"strings"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // a format that is read

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/media/drawing"
)

// Limits on a picture that is taken in, and the size that is kept.
const (
	MaxBytes  = 16 << 20
	maxPixels = 32 << 20 // of 8 bytes at most; about what Mastodon takes
	maxSide   = 1920
	quality   = 85
	maxPNG    = 6 << 20 // other servers refuse an actor's picture of 8 MB
)

// Shelf is where files are kept: a folder or a bucket. Names are checked before
// they get there. It is safe for concurrent use.
type Shelf interface {
	// Save keeps a file under its name. Nobody ever sees half of it; saving the
	// same again changes nothing.
	Save(ctx context.Context, name, mediaType string, data []byte) error
	// Open returns a file, or directory.ErrNotFound. The caller closes it.
	Open(ctx context.Context, name string) (*File, error)
	// Remove removes a file, if it is there.
	Remove(ctx context.Context, name string) error
}

// File is an open picture.
type File struct {
	io.ReadCloser
	Size      int64  // in bytes
	MediaType string // image/jpeg or image/png
}

// Library takes pictures in and gives them out. It is safe for concurrent use.
type Library struct{ shelf Shelf }

// New returns the pictures on a shelf.
func New(s Shelf) *Library { return &Library{s} }

// NewDir returns the pictures kept in the folder, which is made when the first
// one comes.
func NewDir(path string) *Library { return New(Dir(path)) }

// Put takes in a picture (JPEG, PNG, GIF, WebP or SVG; of an animation the first
// frame) and returns how it is kept. The same picture is kept once. A picture
// that cannot be read is a *directory.Invalid error about the field image.
func (l *Library) Put(ctx context.Context, r io.Reader, alt string) (directory.Attachment, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return directory.Attachment{}, fmt.Errorf("read picture: %w", err)
	}
	picture, err := decode(data)
	if err != nil {
		return directory.Attachment{}, err
	}
	return l.keep(ctx, upright(shrink(picture), orientation(data)), alt)
}

// decode opens a picture after it has looked how large it is.
func decode(data []byte) (image.Image, error) {
	if len(data) > MaxBytes {
		return nil, directory.Invalidf("image", "has more than %d MB", MaxBytes>>20)
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil && drawing.Is(data):
		return rasterize(data)
	case err != nil:
		return nil, directory.Invalidf("image", "is not a JPEG, PNG, GIF, WebP or SVG picture")
	case size.Width <= 0 || size.Height <= 0 || size.Width > maxPixels/size.Height:
		return nil, directory.Invalidf("image", "is %d by %d pixels, too large to be opened", size.Width, size.Height)
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, directory.Invalidf("image", "cannot be read: it is damaged or cut off")
	}
	if picture.Bounds().Empty() {
		return nil, directory.Invalidf("image", "has no pixels")
	}
	return picture, nil
}

// rasterize makes pixels of an SVG, which other servers do not show.
func rasterize(data []byte) (image.Image, error) {
	picture, err := drawing.Render(data)
	if err != nil {
		return nil, directory.Invalidf("image", "is an SVG drawing that %v; save it as PNG, 512 pixels or more on each side", err)
	}
	return picture, nil
}

// keep writes a picture anew: its pixels, and nothing else that came with them.
func (l *Library) keep(ctx context.Context, picture image.Image, alt string) (directory.Attachment, error) {
	a := directory.Attachment{
		Width: picture.Bounds().Dx(), Height: picture.Bounds().Dy(), Alt: alt, Blurhash: blurhash(picture),
	}
	data, extension, err := encode(picture)
	if err != nil {
		return a, fmt.Errorf("encode picture: %w", err)
	}
	sum := sha256.Sum256(data)
	a.File = hex.EncodeToString(sum[:]) + extension
	a.MediaType = typeOf(a.File)
	if err := l.shelf.Save(ctx, a.File, a.MediaType, data); err != nil {
		return a, fmt.Errorf("keep picture: %w", err)
	}
	return a, nil
}

// encode writes what is partly transparent as PNG, and everything else as JPEG.
func encode(picture image.Image) (data []byte, extension string, err error) {
	var b bytes.Buffer
	if opaque, ok := picture.(interface{ Opaque() bool }); ok && !opaque.Opaque() {
		if err := png.Encode(&b, picture); err != nil || b.Len() <= maxPNG {
			return b.Bytes(), ".png", err
		}
		b.Reset()
		picture = onWhite(picture)
	}
	err = jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality})
	return b.Bytes(), ".jpg", err
}

func onWhite(picture image.Image) image.Image {
	whole := image.NewRGBA(picture.Bounds())
	draw.Draw(whole, whole.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(whole, whole.Bounds(), picture, whole.Bounds().Min, draw.Over)
	return whole
}

// filePattern is what pictures are called: a digest and one of two endings.
// Nothing else is ever opened, so nothing kept here passes for a document.
var filePattern = regexp.MustCompile(`^[0-9a-f]{64}\.(jpg|png)$`)

// typeOf returns the media type of a file's name. What the shelf may say of it
// does not count.
func typeOf(name string) string {
	if strings.HasSuffix(name, ".png") {
		return "image/png"
	}
	return "image/jpeg"
}

// Open returns a picture, or directory.ErrNotFound. The caller closes it.
func (l *Library) Open(ctx context.Context, name string) (*File, error) {
	if !filePattern.MatchString(name) {
		return nil, fmt.Errorf("picture %q: %w", name, directory.ErrNotFound)
	}
	f, err := l.shelf.Open(ctx, name)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, fmt.Errorf("picture %s: %w", name, directory.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open picture: %w", err)
	}
	f.MediaType = typeOf(name)
	return f, nil
}

// Remove removes a picture, if it is there. Whether anything still shows it is for
// the caller to know.
func (l *Library) Remove(ctx context.Context, name string) error {
	if !filePattern.MatchString(name) {
		return fmt.Errorf("picture %q: %w", name, directory.ErrNotFound)
	}
	if err := l.shelf.Remove(ctx, name); err != nil {
		return fmt.Errorf("remove picture: %w", err)
	}
	return nil
}

// shrink returns the picture with no side over maxSide.
func shrink(picture image.Image) image.Image {
	b := picture.Bounds()
	longest := max(b.Dx(), b.Dy())
	if longest <= maxSide {
		return picture
	}
	scaled := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()*maxSide/longest), max(1, b.Dy()*maxSide/longest)))
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), picture, b, draw.Src, nil)
	return scaled
}
