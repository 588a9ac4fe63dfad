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

// pictures are those that a command is given by flags.
type pictures struct {
	files, alts, focuses []string
}

func (p *pictures) addFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&p.files, "image", nil, "add the picture in `FILE`")
	flags.StringArrayVar(&p.alts, "alt", nil, "`TEXT` that says what the picture shows")
	flags.StringArrayVar(&p.focuses, "focus", nil, "`X,Y` of the point that matters most, from -1 to 1")
}

func (p *pictures) check() error {
	const tooOften = "%s is given %d times for %d pictures"
	if n := len(p.alts); n > len(p.files) {
		return usagef(tooOften, "--alt", n, len(p.files))
	}
	if n := len(p.focuses); n > len(p.files) {
		return usagef(tooOften, "--focus", n, len(p.files))
	}
	if len(p.files) > directory.MaxAttachments {
		return directory.Invalidf("--image", "%d pictures, %d are allowed", len(p.files), directory.MaxAttachments)
	}
	return nil
}

// attach takes in the pictures and adds them to a post.
func (p *pictures) attach(ctx context.Context, l *media.Library, post *directory.Post) error {
	for k, file := range p.files {
		alt := ""
		if k < len(p.alts) {
			alt = p.alts[k]
		}
		a, err := takeIn(ctx, l, file, alt)
		if err != nil {
			return err
		}
		if k < len(p.focuses) {
			if a.Focus, err = parseFocus(p.focuses[k]); err != nil {
				return err
			}
		}
		post.Attachments = append(post.Attachments, a)
	}
	return nil
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
