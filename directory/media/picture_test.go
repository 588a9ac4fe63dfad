package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/media"
)

// pictureShelf is a library in a folder of its own.
type pictureShelf struct {
	*media.Library
	folder string
}

func newPictureShelf(t testing.TB) pictureShelf {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "made", "when needed")
	return pictureShelf{media.NewDir(folder), folder}
}

func (s pictureShelf) put(t testing.TB, data []byte) directory.Attachment {
	t.Helper()
	a, err := s.Put(context.Background(), bytes.NewReader(data), "A drill")
	if err != nil {
		t.Fatalf("put: %v", err)
	}
	return a
}

// kept returns what was kept of a picture: as it is served, and opened again.
func (s pictureShelf) kept(t testing.TB, a directory.Attachment) ([]byte, image.Image) {
	t.Helper()
	f, err := s.Open(context.Background(), a.File)
	if err != nil {
		t.Fatalf("open %s: %v", a.File, err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil || int64(len(data)) != f.Size || f.MediaType != a.MediaType {
		t.Fatalf("read %d bytes of %s, %v, want %d of %s", len(data), f.MediaType, err, f.Size, a.MediaType)
	}
	picture, format, err := image.Decode(bytes.NewReader(data))
	if err != nil || "image/"+format != a.MediaType {
		t.Fatalf("%s of type %s is %s, %v", a.File, a.MediaType, format, err)
	}
	if b := picture.Bounds(); b.Dx() != a.Width || b.Dy() != a.Height {
		t.Fatalf("%s has %v, want %d by %d", a.File, b, a.Width, a.Height)
	}
	return data, picture
}

// corners is a picture of four colours, red at its upper left.
func corners(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetNRGBA(x, y, cornerColour(x*2/width, y*2/height))
		}
	}
	return m
}

func cornerColour(right, low int) color.NRGBA {
	return [2][2]color.NRGBA{{{220, 30, 30, 255}, {30, 200, 30, 255}}, {{30, 30, 220, 255}, {240, 240, 60, 255}}}[low][right]
}

// checkCorners wants the colours where they are in corners.
func checkCorners(t *testing.T, m image.Image) {
	t.Helper()
	b := m.Bounds()
	for low := range 2 {
		for right := range 2 {
			got := color.NRGBAModel.Convert(m.At(b.Min.X+b.Dx()*(1+2*right)/4, b.Min.Y+b.Dy()*(1+2*low)/4)).(color.NRGBA)
			want := cornerColour(right, low)
			if far(got.R, want.R) || far(got.G, want.G) || far(got.B, want.B) {
				t.Errorf("the corner right %d, low %d is %v, want %v", right, low, got, want)
			}
		}
	}
}

func far(a, b uint8) bool { return max(a, b)-min(a, b) > 40 }

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asGIF(t testing.TB, clear bool) []byte {
	t.Helper()
	palette := color.Palette{color.NRGBA{220, 30, 30, 255}, color.NRGBA{30, 200, 30, 255}}
	if clear {
		palette = append(palette, color.Transparent)
	}
	frames := &gif.GIF{}
	for range 2 { // the second frame is not kept
		m := image.NewPaletted(image.Rect(0, 0, 40, 20), palette)
		for k := range m.Pix {
			m.Pix[k] = uint8(k % len(palette))
		}
		frames.Image, frames.Delay = append(frames.Image, m), append(frames.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, frames); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asWebP(t testing.TB, clear bool) []byte {
	t.Helper()
	text := "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAwA0JaQAA3AA/vuUAAA=" // one pixel, lossy
	if clear {
		text = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==" // one pixel, lossless, transparent
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const cameraNote = "taken at 51.05 north, 3.72 east"

// withExif puts a camera's notes into a JPEG: how it was held, and where.
func withExif(data []byte, orientation uint16, order binary.AppendByteOrder) []byte {
	mark := "MM"
	if order.String() == binary.LittleEndian.String() {
		mark = "II"
	}
	tiff := []byte(mark)
	tiff = order.AppendUint16(tiff, 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2) // entries
	for _, e := range []struct {
		tag, kind uint16
		count     uint32
	}{{0x010e, 2, uint32(len(cameraNote))}, {0x0112, 3, 1}} {
		tiff = order.AppendUint16(tiff, e.tag)
		tiff = order.AppendUint16(tiff, e.kind)
		tiff = order.AppendUint32(tiff, e.count)
		if e.kind == 2 {
			tiff = order.AppendUint32(tiff, 38) // after the entries
		} else {
			tiff = order.AppendUint16(order.AppendUint16(tiff, orientation), 0)
		}
	}
	tiff = append(order.AppendUint32(tiff, 0), cameraNote...)
	body := append([]byte("Exif\x00\x00"), tiff...)
	comment := []byte{0xff, 0xfe, 0, 6, 'n', 'o', 't', 'e'}
	app := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return append(append(append(append(bytes.Clone(data[:2]), comment...), app...), body...), data[2:]...)
}

// edge is where a picture's edge is when it is looked at.
type edge string

// Exif 2.32, 4.6.4: where the first row and the first column of what is stored
// are when it is looked at.
var heldBy = [9]struct{ row, column edge }{
	1: {"top", "left"}, 2: {"top", "right"}, 3: {"bottom", "right"}, 4: {"bottom", "left"},
	5: {"left", "top"}, 6: {"right", "top"}, 7: {"right", "bottom"}, 8: {"left", "bottom"},
}

// asStored returns a picture as a camera that was held so stores it.
func asStored(seen *image.NRGBA, orientation int) *image.NRGBA {
	b := seen.Bounds()
	h := heldBy[orientation]
	size := image.Rect(0, 0, b.Dx(), b.Dy())
	if h.row == "left" || h.row == "right" {
		size = image.Rect(0, 0, b.Dy(), b.Dx())
	}
	m := image.NewNRGBA(size)
	for row := range size.Dy() {
		for column := range size.Dx() {
			x, y := 0, 0
			for s, n := range map[edge]int{h.row: row, h.column: column} {
				switch s {
				case "left":
					x = n
				case "right":
					x = b.Dx() - 1 - n
				case "top":
					y = n
				case "bottom":
					y = b.Dy() - 1 - n
				}
			}
			m.SetNRGBA(column, row, seen.NRGBAAt(x, y))
		}
	}
	return m
}

func TestPictureIsUprightAndWithoutNotes(t *testing.T) {
	s := newPictureShelf(t)
	for orientation := 1; orientation <= 8; orientation++ {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			t.Run(fmt.Sprint(orientation, order), func(t *testing.T) {
				data := withExif(asJPEG(t, asStored(corners(64, 32), orientation)), uint16(orientation), order)
				a := s.put(t, data)
				if a.Width != 64 || a.Height != 32 || a.Alt != "A drill" {
					t.Errorf("kept as %+v, want 64 by 32", a)
				}
				out, picture := s.kept(t, a)
				checkCorners(t, picture)
				for _, gone := range []string{"Exif", cameraNote, "note"} {
					if !bytes.Contains(data, []byte(gone)) || bytes.Contains(out, []byte(gone)) {
						t.Errorf("%q is still there", gone)
					}
				}
			})
		}
	}
}

// Notes that make no sense are no notes.
func TestPictureWithBrokenNotes(t *testing.T) {
	s := newPictureShelf(t)
	plain := asJPEG(t, corners(64, 32))
	for _, orientation := range []uint16{0, 9, 0xffff} {
		_, picture := s.kept(t, s.put(t, withExif(plain, orientation, binary.LittleEndian)))
		checkCorners(t, picture)
	}
	whole := withExif(plain, 6, binary.BigEndian)
	at := bytes.Index(whole, []byte("Exif"))
	for k := range 40 {
		broken := bytes.Clone(whole)
		broken[at+k] ^= 0xff
		s.put(t, broken)
	}
}

func TestPictureFormats(t *testing.T) {
	half := corners(40, 20)
	half.SetNRGBA(5, 5, color.NRGBA{10, 20, 30, 77})
	offset := corners(80, 40).SubImage(image.Rect(40, 20, 80, 40))
	for name, c := range map[string]struct {
		data          []byte
		kind          string
		width, height int
	}{
		"JPEG":                  {asJPEG(t, corners(40, 20)), "image/jpeg", 40, 20},
		"grey JPEG":             {asJPEG(t, image.NewGray(image.Rect(0, 0, 9, 7))), "image/jpeg", 9, 7},
		"PNG":                   {asPNG(t, corners(40, 20)), "image/jpeg", 40, 20},
		"part of a picture":     {asPNG(t, offset), "image/jpeg", 40, 20},
		"PNG, half transparent": {asPNG(t, half), "image/png", 40, 20},
		"PNG of 16 bits":        {asPNG(t, image.NewNRGBA64(image.Rect(0, 0, 9, 7))), "image/png", 9, 7},
		"GIF":                   {asGIF(t, false), "image/jpeg", 40, 20},
		"GIF, transparent":      {asGIF(t, true), "image/png", 40, 20},
		"WebP":                  {asWebP(t, false), "image/jpeg", 1, 1},
		"WebP, transparent":     {asWebP(t, true), "image/png", 1, 1},
		"large":                 {asJPEG(t, corners(2000, 1000)), "image/jpeg", 1920, 960},
		"large and transparent": {asPNG(t, image.NewNRGBA(image.Rect(0, 0, 100, 2400))), "image/png", 80, 1920},
		"thin":                  {asPNG(t, image.NewGray(image.Rect(0, 0, 1, 4000))), "image/jpeg", 1, 1920},
	} {
		t.Run(name, func(t *testing.T) {
			s := newPictureShelf(t)
			a := s.put(t, c.data)
			if a.MediaType != c.kind || a.Width != c.width || a.Height != c.height {
				t.Errorf("kept as %+v, want %s of %d by %d", a, c.kind, c.width, c.height)
			}
			if len(a.Blurhash) != 28 {
				t.Errorf("blurhash %q has %d letters, want 28", a.Blurhash, len(a.Blurhash))
			}
			_, picture := s.kept(t, a)
			if c.width >= 64 && name == "large" {
				checkCorners(t, picture)
			}
			if name == "PNG, half transparent" {
				if got, want := color.NRGBAModel.Convert(picture.At(5, 5)), half.At(5, 5); got != want {
					t.Errorf("a pixel became %v, want %v", got, want)
				}
			}
		})
	}
}

func TestPictureIsKeptOnce(t *testing.T) {
	s := newPictureShelf(t)
	data := asJPEG(t, corners(40, 20))
	first, second := s.put(t, data), s.put(t, data)
	if first != second {
		t.Errorf("kept as %+v, then as %+v", first, second)
	}
	files, err := os.ReadDir(s.folder)
	if err != nil || len(files) != 1 || files[0].Name() != first.File {
		t.Errorf("the folder has %v, %v, want %s alone", files, err, first.File)
	}
}

func wantBadPicture(t *testing.T, what string, err error) {
	t.Helper()
	var invalid *directory.Invalid
	if !errors.As(err, &invalid) || invalid.Field != "image" || invalid.Text == "" {
		t.Errorf("%s: got %v, want an Invalid about image", what, err)
	}
}

func TestPictureRefuses(t *testing.T) {
	s := newPictureShelf(t)
	for name, data := range map[string]string{
		"nothing": "", "text": "hello", "HTML": "<html><img>", "SVG": `<?xml version="1.0"?><svg onload="x()"><text>x</text></svg>`, "SVGZ": "\x1f\x8b\x08",
		"too many bytes": string(asJPEG(t, corners(8, 8))) + strings.Repeat("x", media.MaxBytes),
		"BMP":            "BM" + strings.Repeat("\x00", 60), "a lone marker": "\xff\xd8", "GIF without a frame": "GIF89a\x01\x00\x01\x00\x00\x00\x00;",
	} {
		_, err := s.Put(t.Context(), strings.NewReader(data), "")
		wantBadPicture(t, name, err)
	}
	fault := errors.New("fault")
	if _, err := s.Put(t.Context(), iotest.ErrReader(fault), ""); !errors.Is(err, fault) {
		t.Errorf("a reader that fails: got %v, want its error", err)
	}
	if _, err := os.Stat(s.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("refused pictures left a folder: %v", err)
	}
}

// A picture cut off anywhere is refused, or was whole already.
func TestPictureCutOff(t *testing.T) {
	s := newPictureShelf(t)
	for name, data := range map[string][]byte{
		"JPEG": withExif(asJPEG(t, corners(16, 8)), 6, binary.BigEndian), "PNG": asPNG(t, corners(16, 8)),
		"GIF": asGIF(t, true), "WebP": asWebP(t, false), "lossless WebP": asWebP(t, true),
	} {
		refused, cuts := 0, 0
		for n := 0; n < len(data); n += 1 + n/64 {
			cuts++
			if _, err := s.Put(t.Context(), bytes.NewReader(data[:n]), ""); err != nil {
				wantBadPicture(t, fmt.Sprintf("%s of %d bytes", name, n), err)
				refused++
			}
		}
		if refused < cuts/2 {
			t.Errorf("%s: only %d of %d cuts were refused", name, refused, cuts)
		}
	}
}

// pngHeader is a PNG that says to be so large, and no more.
func pngHeader(width, height uint32, rest string) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	body := append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height), 16, 6, 0, 0, 0)
	b = append(binary.BigEndian.AppendUint32(b, 13), body...)
	return append(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(body)), rest...)
}

// What says to be huge is refused by what it says, before any memory is taken.
func TestPictureBombs(t *testing.T) {
	huge := asJPEG(t, corners(8, 8))
	frame := bytes.Index(huge, []byte{0xff, 0xc0})
	copy(huge[frame+5:], "\xff\xff\xff\xff")
	s := newPictureShelf(t)
	for name, data := range map[string][]byte{
		"PNG, wide":  pngHeader(1<<30, 1, ""),
		"PNG, both":  pngHeader(60000, 60000, ""),
		"PNG, 6 GP":  pngHeader(80000, 80000, "\x00\x00\x00\x04IDATxxxx"),
		"PNG, just":  pngHeader(6000, 6000, ""),
		"JPEG":       huge,
		"GIF":        []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x08"),
		"WebP, VP8X": []byte("RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := s.Put(t.Context(), bytes.NewReader(data), "")
		runtime.ReadMemStats(&after)
		wantBadPicture(t, name, err)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s took %d kB", name, took>>10)
		}
	}
}

func TestPictureOpenRefuses(t *testing.T) {
	s := newPictureShelf(t)
	a := s.put(t, asJPEG(t, corners(8, 8)))
	secret := filepath.Join(filepath.Dir(s.folder), "secret.jpg")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", ".", "..", "../secret.jpg", "/etc/passwd", strings.Repeat("0", 64) + ".jpg", a.File + "\x00", "./" + a.File,
		strings.ToUpper(a.File), strings.TrimSuffix(a.File, ".jpg"), strings.TrimSuffix(a.File, ".jpg") + ".png", a.File + "\n",
	} {
		if _, err := s.Open(t.Context(), name); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("open %q: got %v, want ErrNotFound", name, err)
		}
	}
}

func FuzzPicture(f *testing.F) {
	for _, data := range [][]byte{
		withExif(asJPEG(f, corners(16, 8)), 6, binary.LittleEndian), asPNG(f, corners(16, 8)), asGIF(f, true), asWebP(f, false), asWebP(f, true),
		pngHeader(9, 9, "x"), []byte("<svg>"),
	} {
		f.Add(data)
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height > 1<<20 {
			t.Skip() // takes long, and is what the others are
		}
		s := pictureShelf{media.NewDir(folder), folder}
		a, err := s.Put(t.Context(), bytes.NewReader(data), "")
		if err != nil {
			wantBadPicture(t, "put", err)
			return
		}
		if a.Width > 1920 || a.Height > 1920 {
			t.Fatalf("kept as %+v", a)
		}
		s.kept(t, a)
		if err := os.Remove(filepath.Join(folder, a.File)); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkPicture takes in what a phone makes: 12 million pixels, held upright.
func BenchmarkPicture(b *testing.B) {
	photo := asJPEG(b, corners(4000, 3000))
	for name, data := range map[string][]byte{"photo": photo, "turned photo": withExif(photo, 6, binary.BigEndian)} {
		b.Run(name, func(b *testing.B) {
			s := newPictureShelf(b)
			b.ReportAllocs()
			for b.Loop() {
				s.put(b, data)
			}
		})
	}
}
