package media

import (
	"encoding/binary"
	"image"
)

// orientation returns how a JPEG's camera was held, 1 to 8 as Exif counts, or 1
// when it does not say. The note is lost when the picture is written anew, so it
// must be obeyed first.
func orientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[0] == 0xff && data[1] == 0xd8 && data[at] == 0xff; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		end := at + 2 + size
		if marker == 0xda || size < 2 || end > len(data) {
			break // the picture itself begins
		}
		const exif = "Exif\x00\x00"
		if body := data[at+4 : end]; marker == 0xe1 && len(body) > len(exif) && string(body[:len(exif)]) == exif {
			return exifOrientation(body[len(exif):])
		}
		at = end
	}
	return 1
}

// exifOrientation looks for the tag in the first directory of a TIFF header.
func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 1
	}
	const entrySize, orientationTag = 12, 0x0112
	entries := int(order.Uint16(tiff[at:]))
	for k := range entries {
		entry := at + 2 + k*entrySize
		if entry+entrySize > len(tiff) {
			break
		}
		if order.Uint16(tiff[entry:]) == orientationTag {
			if o := int(order.Uint16(tiff[entry+8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}

// upright turns and mirrors a picture as its orientation asks.
func upright(picture image.Image, orientation int) image.Image {
	if orientation == 1 {
		return picture
	}
	b := picture.Bounds()
	w, h := b.Dx(), b.Dy()
	turned := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		turned = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			turned.Set(tx, ty, picture.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return turned
}
