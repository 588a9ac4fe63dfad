package media_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/media"
)

// secret is what must never come out of the store again.
const secret = "51.0543N 3.7174E home of the photographer"

// drawing returns a picture of many colours.
func drawing(w, h int, alpha uint8) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{uint8(x * 255 / max(1, w-1)), uint8(y * 255 / max(1, h-1)), 128, alpha})
		}
	}
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// keep puts a picture in and returns what is kept of it.
func keep(t testing.TB, l *media.Library, data []byte) (directory.Attachment, []byte) {
	t.Helper()
	a, err := l.Put(t.Context(), bytes.NewReader(data), "Alt")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.Open(t.Context(), a.File)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kept, err := io.ReadAll(f)
	if err != nil || f.Size != int64(len(kept)) || f.MediaType != a.MediaType {
		t.Fatalf("got %d bytes of %d, %s and %s, %v", len(kept), f.Size, f.MediaType, a.MediaType, err)
	}
	return a, kept
}

// isGone fails the test unless a picture is removed, once or again.
func isGone(t testing.TB, l *media.Library, file string) {
	t.Helper()
	for range 2 {
		if err := l.Remove(t.Context(), file); err != nil {
			t.Errorf("remove: %v", err)
		}
		if _, err := l.Open(t.Context(), file); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("a removed picture: got %v", err)
		}
	}
}

// TestRemove: what is removed is gone, and nothing but a picture ever is.
func TestRemove(t *testing.T) {
	dir := t.TempDir()
	l := media.NewDir(dir)
	a, _ := keep(t, l, pngOf(t, drawing(9, 9, 7)))
	b, _ := keep(t, l, pngOf(t, drawing(8, 8, 7)))
	note := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(note, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"note.txt", "../" + filepath.Base(dir) + "/note.txt", ""} {
		if err := l.Remove(t.Context(), name); err == nil {
			t.Errorf("%q was taken for a picture", name)
		}
	}
	isGone(t, l, a.File)
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 || left[0].Name() != b.File && left[1].Name() != b.File {
		t.Errorf("left are %v, %v, want %s and the note", left, err, b.File)
	}
}

// annotated returns a PNG with every kind of note in it, and more after its end.
func annotated(data []byte) []byte {
	chunk := func(kind, data string) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(b, kind+data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(kind+data)))
	}
	const header = 8 + 25 // signature and IHDR
	out := bytes.Clone(data[:header])
	out = append(out, chunk("tEXt", "Comment\x00"+secret)...)
	out = append(out, chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+secret)...)
	out = append(out, chunk("eXIf", "MM\x00\x2a"+secret)...)
	out = append(out, data[header:]...)
	return append(out, secret...)
}

// remarked returns a JPEG with XMP, IPTC and comments, and more after its end.
func remarked(data []byte) []byte {
	out := bytes.Clone(data[:2])
	for marker, text := range map[byte]string{
		0xe1: "http://ns.adobe.com/xap/1.0/\x00" + secret, 0xed: "Photoshop 3.0\x00" + secret, 0xfe: secret,
	} {
		out = append(out, 0xff, marker, 0, byte(len(text)+2))
		out = append(out, text...)
	}
	return append(append(out, data[2:]...), secret...)
}

// TestNothingButThePicture: no note of an editor survives, whatever the format.
func TestNothingButThePicture(t *testing.T) {
	l := media.NewDir(t.TempDir())
	for _, tt := range []struct {
		data []byte
		want string
	}{
		{annotated(pngOf(t, drawing(20, 10, 255))), "image/jpeg"},
		{annotated(pngOf(t, drawing(20, 10, 100))), "image/png"},
		{remarked(jpegOf(t, drawing(20, 10, 255))), "image/jpeg"},
	} {
		a, kept := keep(t, l, tt.data)
		if !bytes.Contains(tt.data, []byte(secret)) || bytes.Contains(kept, []byte("home")) {
			t.Errorf("%s: a note is kept", tt.want)
		}
		if a.MediaType != tt.want || a.Width != 20 || a.Height != 10 || a.Alt != "Alt" {
			t.Errorf("got %+v, want %s", a, tt.want)
		}
	}
}

// AC6: whatever comes, what is kept has a type and a size that every server takes
// for an icon.
func TestIconIsTaken(t *testing.T) {
	noise := image.NewNRGBA(image.Rect(0, 0, 1280, 1280))
	state := uint32(1)
	for k := range noise.Pix {
		state = state*1664525 + 1013904223
		noise.Pix[k] = uint8(state >> 24)
	}
	l := media.NewDir(t.TempDir())
	if a, kept := keep(t, l, pngOf(t, noise)); len(kept) >= 8<<20 || a.MediaType != "image/jpeg" {
		t.Errorf("got %d bytes of %s", len(kept), a.MediaType)
	}
	svg := `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><path fill="#c00" d="M0 0h2v1H0z"/></svg>`
	a, kept := keep(t, l, []byte(svg))
	m, err := png.Decode(bytes.NewReader(kept))
	if err != nil || a.MediaType != "image/png" || a.Width != 1024 || a.Height != 512 || len(a.Blurhash) != 28 {
		t.Fatalf("a drawing: got %+v, %v", a, err)
	}
	if got, want := color.NRGBAModel.Convert(m.At(500, 500)), (color.NRGBA{204, 0, 0, 255}); got != want {
		t.Errorf("a drawing: got %v, want %v", got, want)
	}
	_, err = l.Put(t.Context(), strings.NewReader(`<?xml version="1.0"?><SVG xmlns="http://www.w3.org/2000/svg"/>`), "")
	if err == nil || !strings.Contains(err.Error(), "SVG drawing that does not begin with <svg>; save it as PNG") {
		t.Errorf("a broken drawing: got %v", err)
	}
}

// TestBlurhash: it is what other programs make of the same pictures.
func TestBlurhash(t *testing.T) {
	checks, flat := image.NewNRGBA(image.Rect(0, 0, 64, 64)), image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for y := range 64 {
		for x := range 64 {
			c := color.NRGBA{250, 200, 10, 255}
			if (x/8+y/8)%2 == 0 {
				c = color.NRGBA{0, 20, 90, 255}
			}
			checks.Set(x, y, c)
			flat.Set(x, y, color.NRGBA{200, 30, 60, 255})
		}
	}
	l := media.NewDir(t.TempDir())
	for want, m := range map[string]image.Image{
		"L$HVCg2Y$5Sgl|azjtf7gcfjfQfj": drawing(64, 48, 255),
		"L2LC?,^hfQ^h^h5FfQ0ofQfQfQfQ": checks,
		"L5M^#R|yfQ|y|yo1fQo1fQfQfQfQ": flat,
		"L~LqdWhb2Ehb|ifU2EfUdLdLfQdL": drawing(2, 2, 255),
	} {
		if a, _ := keep(t, l, pngOf(t, m)); a.Blurhash != want {
			t.Errorf("%v: got %s, want %s", m.Bounds(), a.Blurhash, want)
		}
	}
}
