package media

import (
	"image"
	"math"
	"strings"

	"golang.org/x/image/draw"
)

// The detail of a blurhash: so many waves across and down. Four by three is what
// most servers make.
const (
	wavesAcross = 4
	wavesDown   = 3
	blurSide    = 64 // a picture of this size has all the detail that is needed
)

// blurhash returns a few letters that stand for a picture until it has loaded:
// its lowest frequencies, as https://github.com/woltapp/blurhash writes them.
func blurhash(picture image.Image) string {
	b := picture.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, min(b.Dx(), blurSide), min(b.Dy(), blurSide)))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), picture, b, draw.Src, nil)
	var waves [][3]float64
	for y := range wavesDown {
		for x := range wavesAcross {
			waves = append(waves, wave(small, x, y))
		}
	}
	return writeWaves(waves)
}

// wave returns how much of one wave is in the picture, for red, green and blue.
func wave(picture *image.RGBA, across, down int) [3]float64 {
	size := picture.Bounds().Size()
	var sum [3]float64
	for y := range size.Y {
		for x := range size.X {
			basis := math.Cos(math.Pi*float64(across*x)/float64(size.X)) * math.Cos(math.Pi*float64(down*y)/float64(size.Y))
			pixel := picture.Pix[picture.PixOffset(x, y):]
			for c := range sum {
				sum[c] += basis * linear(pixel[c])
			}
		}
	}
	scale := 2 / float64(size.X*size.Y)
	if across == 0 && down == 0 {
		scale /= 2
	}
	for c := range sum {
		sum[c] *= scale
	}
	return sum
}

func writeWaves(waves [][3]float64) string {
	largest := 0.0
	for _, w := range waves[1:] {
		largest = max(largest, math.Abs(w[0]), math.Abs(w[1]), math.Abs(w[2]))
	}
	step := int(min(82, max(0, math.Floor(largest*166-0.5))))
	var out strings.Builder
	base83(&out, wavesAcross-1+(wavesDown-1)*9, 1)
	base83(&out, step, 1)
	base83(&out, encoded(waves[0][0])<<16|encoded(waves[0][1])<<8|encoded(waves[0][2]), 4)
	for _, w := range waves[1:] {
		value := 0
		for _, c := range w {
			root := math.Copysign(math.Sqrt(math.Abs(c)/(float64(step+1)/166)), c)
			value = value*19 + int(min(18, max(0, math.Floor(root*9+9.5))))
		}
		base83(&out, value, 2)
	}
	return out.String()
}

func base83(out *strings.Builder, value, digits int) {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
	for power := int(math.Pow(83, float64(digits-1))); power > 0; power /= 83 {
		out.WriteByte(alphabet[value/power%83])
	}
}

// linear returns the light of a channel of sRGB, 0 to 1.
func linear(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// encoded is the inverse of linear, for light of any amount.
func encoded(light float64) int {
	light = min(1, max(0, light))
	if light <= 0.0031308 {
		return int(light*12.92*255 + 0.5)
	}
	return int((1.055*math.Pow(light, 1/2.4)-0.055)*255 + 0.5)
}
