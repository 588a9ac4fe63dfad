package main

import (
	"context"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/directory"
)

// logo is the picture that stands for an initiative, as flags give it.
type logo struct {
	flags     *pflag.FlagSet
	file, alt string
	kept      []directory.Attachment // once it was taken in
}

func addLogoFlags(flags *pflag.FlagSet) *logo {
	l := &logo{flags: flags}
	flags.StringVar(&l.file, "image", "", "`FILE` with its logo or a picture of it (JPEG, PNG, GIF, WebP or SVG); '' for none")
	flags.StringVar(&l.alt, "image-alt", "", "`TEXT` that says what the picture shows")
	return l
}

// takeIn keeps the picture, if one is given, and returns what makes it that of an
// initiative.
func (l *logo) takeIn(ctx context.Context, a *app, in *instance) (func(*directory.Initiative), error) {
	picture, alt := l.flags.Changed("image"), l.flags.Changed("image-alt")
	if !picture || l.file == "" {
		return func(i *directory.Initiative) {
			switch {
			case picture:
				i.Image = nil
			case alt && i.Image != nil:
				i.Image = &directory.Image{URL: i.Image.URL, Alt: l.alt, Attribution: i.Image.Attribution}
			}
		}, nil
	}
	if n := utf8.RuneCountInString(l.alt); n > directory.MaxAlt {
		return nil, directory.Invalidf("--image-alt", "has %d characters, %d are allowed", n, directory.MaxAlt)
	}
	kept, err := takeIn(ctx, in.media(a), l.file, l.alt)
	if err != nil {
		return nil, err
	}
	l.kept = []directory.Attachment{kept}
	address := in.config.Instance().MediaURL(kept.File)
	return func(i *directory.Initiative) { i.Image = &directory.Image{URL: address, Alt: l.alt} }, nil
}

// stay keeps the picture that was taken in, once the initiative has it.
func (l *logo) stay(ctx context.Context, a *app, in *instance) error {
	return stay(ctx, in.media(a), []string{l.file}, l.kept)
}
