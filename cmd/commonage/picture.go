package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/media"
)

const pictureHelp = "--image adds a picture (JPEG, PNG, GIF, WebP or SVG, up to four; of an animation its\n" +
	"first frame, of a drawing its pixels), --alt says what it shows, and --focus X,Y names the point that stays when it is\n" +
	"cropped: 0,0 is the middle and 1,1 the upper right corner. --alt and --focus are given\n" +
	"once for each picture, in the same order. What a camera noted in a picture is removed."

const pictureEditHelp = "--image gives it other pictures, or none with --image ''. Without it, --alt and --focus\n" +
	"are about the pictures that it has: the first --alt about the first one, and so on."

// pictures are those that a command is given by flags.
type pictures struct {
	files, alts, focuses []string
}

func (p *pictures) addFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&p.files, "image", nil, "`FILE` with a picture")
	flags.StringArrayVar(&p.alts, "alt", nil, "`TEXT` that says what the picture shows")
	flags.StringArrayVar(&p.focuses, "focus", nil, "`X,Y` of the point that matters most, from -1 to 1")
}

// paths returns the files; an empty name alone stands for none.
func (p *pictures) paths() []string {
	if len(p.files) == 1 && p.files[0] == "" {
		return nil
	}
	return p.files
}

// check returns an error unless what is given fits so many pictures.
func (p *pictures) check(n int) error {
	const tooOften = "%s is given %d times for %d pictures"
	if given := len(p.alts); given > n {
		return usagef(tooOften, "--alt", given, n)
	}
	if given := len(p.focuses); given > n {
		return usagef(tooOften, "--focus", given, n)
	}
	if n > directory.MaxAttachments {
		return directory.Invalidf("--image", "%d pictures, %d are allowed", n, directory.MaxAttachments)
	}
	return nil
}

// takeIn keeps the pictures.
func (p *pictures) takeIn(ctx context.Context, l *media.Library) ([]directory.Attachment, error) {
	var kept []directory.Attachment
	for _, file := range p.paths() {
		a, err := takeIn(ctx, l, file, "")
		if err != nil {
			return nil, err
		}
		kept = append(kept, a)
	}
	return kept, p.describe(kept)
}

// describe writes into pictures what is given of them. Of the others, what was
// said stays.
func (p *pictures) describe(list []directory.Attachment) error {
	for k, alt := range p.alts[:min(len(p.alts), len(list))] {
		list[k].Alt = alt
	}
	for k, focus := range p.focuses[:min(len(p.focuses), len(list))] {
		var err error
		if list[k].Focus, err = parseFocus(focus); err != nil {
			return err
		}
	}
	return nil
}

// change gives a post the pictures that were kept for it, or says more of those
// that it has.
func (p *pictures) change(post *directory.Post, kept []directory.Attachment) error {
	if len(p.files) > 0 {
		post.Attachments = kept
		return nil
	}
	if err := p.check(len(post.Attachments)); err != nil {
		return err
	}
	return p.describe(post.Attachments)
}

// stay takes pictures in once more that were removed before what has them was
// stored, since what had them until then was deleted in that moment.
func stay(ctx context.Context, l *media.Library, files []string, kept []directory.Attachment) error {
	for k, file := range files[:min(len(files), len(kept))] {
		f, err := l.Open(ctx, kept[k].File)
		if err == nil {
			f.Close()
			continue
		}
		if _, err = takeIn(ctx, l, file, kept[k].Alt); err != nil {
			return err
		}
	}
	return nil
}

// takeIn keeps the picture in a file.
func takeIn(ctx context.Context, l *media.Library, file, alt string) (directory.Attachment, error) {
	f, err := os.Open(file)
	if err != nil {
		return directory.Attachment{}, fmt.Errorf("open the picture: %w", err)
	}
	defer f.Close()
	a, err := l.Put(ctx, f, alt)
	if err != nil {
		return a, fmt.Errorf("%s: %w", file, err)
	}
	return a, nil
}

// parseFocus reads "0.5,-0.25"; nothing is the middle.
func parseFocus(s string) (*directory.Focus, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil //nolint:nilnil // no focus is one
	}
	across, up, found := strings.Cut(s, ",")
	x, err := strconv.ParseFloat(strings.TrimSpace(across), 64)
	y, second := strconv.ParseFloat(strings.TrimSpace(up), 64)
	if !found || err != nil || second != nil {
		return nil, directory.Invalidf("--focus", "%q is not X,Y such as 0.5,-0.25", s)
	}
	return &directory.Focus{X: x, Y: y}, nil
}
