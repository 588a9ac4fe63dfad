package curation

import (
	"context"
	"slices"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/store"
)

// dropPictures leaves a PictureJob for each of the pictures that something had and
// does not have now: another post may have it too.
func (c *Curator) dropPictures(ctx context.Context, tx *store.Store, had, has []string) error {
	for _, file := range had {
		if slices.Contains(has, file) {
			continue
		}
		if err := c.queue(ctx, tx, PictureJob, file, ""); err != nil {
			return err
		}
	}
	return nil
}

// logoOf returns the picture that this instance keeps of an initiative, if there is
// one; old entries may be nil.
func (c *Curator) logoOf(i *directory.Initiative) []string {
	if i == nil || i.Image == nil {
		return nil
	}
	if file := c.instance.MediaFile(i.Image.URL); file != "" {
		return []string{file}
	}
	return nil
}

func filesOf(pictures []directory.Attachment) []string {
	files := make([]string, len(pictures))
	for k, a := range pictures {
		files[k] = a.File
	}
	return files
}
