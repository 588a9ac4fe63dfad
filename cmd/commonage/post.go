package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
)

// newPostCommand returns 'commonage post'.
func newPostCommand(a *app) *cobra.Command {
	var pictures pictures
	language := ""
	cmd := &cobra.Command{
		Use:   "post HANDLE TEXT",
		Short: "Publish news of an initiative to its followers",
		Long: "Publish news of one of this instance's initiatives. TEXT is plain text; addresses,\n" +
			"#words and @people@their.server in it become links, and an empty line begins a\n" +
			"paragraph. Who is named is told; whoever cannot be found is listed. The hashtags of the\n" +
			"initiative's seed forms are added as a last line unless the text has them. A HANDLE that\n" +
			"is the name of a command is written with an @, such as @edit.\n\n" + pictureHelp,
		Example: "  commonage post instrumentheek 'Saturday: sharpening day. Bring knives.'\n" +
			"  commonage post instrumentheek 'The new saw is here.' --image saw.jpg --alt 'A red table saw' --focus 0,0.5",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.publish(cmd.Context(), args[0], &directory.Post{Text: args[1], Language: language}, &pictures)
		},
	}
	pictures.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&language, "language", "", "`LANGUAGE` of the text, such as nl; the instance's if not given")
	cmd.AddCommand(newPostEdit(a), newPostDelete(a), newPostPin(a, true), newPostPin(a, false))
	return cmd
}

// publish takes in the pictures of a post, publishes it and prints its address.
func (a *app) publish(ctx context.Context, name string, p *directory.Post, pictures *pictures) error {
	if err := pictures.check(len(pictures.paths())); err != nil {
		return err
	}
	return a.withInstance(ctx, func(in *instance) (err error) {
		if p.Attachments, err = pictures.takeIn(ctx, in.media(a)); err != nil {
			return err
		}
		if err := in.curator(a).Post(ctx, in.handle(name), p); err != nil {
			return explain(err, "initiative "+name)
		}
		if err := stay(ctx, in.media(a), pictures.files, p.Attachments); err != nil {
			return err
		}
		if err := a.printf("%s\n", p.ID); err != nil {
			return err
		}
		return a.warnOfMentions(ctx, in, p.Text)
	})
}

// editPost changes what a post says, and its pictures.
func (a *app) editPost(ctx context.Context, id string, pictures *pictures, change func(*directory.Post) error) error {
	if len(pictures.files) > 0 {
		if err := pictures.check(len(pictures.paths())); err != nil {
			return err
		}
	}
	return a.withInstance(ctx, func(in *instance) error {
		kept, err := pictures.takeIn(ctx, in.media(a))
		if err != nil {
			return err
		}
		var changed string
		err = in.curator(a).ChangePost(ctx, id, func(p *directory.Post) error {
			before := p.Text
			if err := change(p); err != nil {
				return err
			}
			if p.Text != before {
				changed = p.Text
			}
			return pictures.change(p, kept)
		})
		if err != nil {
			return explain(err, "post "+id)
		}
		if err := stay(ctx, in.media(a), pictures.files, kept); err != nil {
			return err
		}
		return a.warnOfMentions(ctx, in, changed)
	})
}

// postID returns the id of a post by its address, which may end in a slash.
func postID(address string) (string, error) {
	if directory.ValidateURL("URL", address) != nil {
		return "", directory.Invalidf("URL", "%q is not the address of a post; to post for an initiative that is called as a command is, "+
			"write its handle with an @, such as @edit", address)
	}
	return strings.TrimRight(address, "/"), nil
}

// newPostPin returns 'commonage post pin' or 'commonage post unpin'.
func newPostPin(a *app, pinned bool) *cobra.Command {
	name, short := "pin", "Show a post first on its initiative's profile"
	if !pinned {
		name, short = "unpin", "Show a post in its place again"
	}
	return &cobra.Command{
		Use: name + " URL", Short: short,
		Example: "  commonage post " + name + " https://ghent.example/initiatives/x/posts/01J...",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := postID(args[0])
			if err != nil {
				return err
			}
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.curator(a).PinPost(cmd.Context(), id, pinned), "post "+id)
			})
		},
	}
}

// newPostEdit returns 'commonage post edit'.
func newPostEdit(a *app) *cobra.Command {
	var pictures pictures
	language := ""
	cmd := &cobra.Command{
		Use:   "edit URL [TEXT]",
		Short: "Change a post",
		Long:  "Change a post. Only what is given changes. Everyone who got it is told.\n\n" + pictureEditHelp,
		Example: "  commonage post edit https://ghent.example/initiatives/x/posts/01J... 'Sunday, not Saturday.'\n" +
			"  commonage post edit https://ghent.example/initiatives/x/posts/01J... --alt 'A red table saw' --language en",
		Args: cobra.RangeArgs(1, 2),
	}
	pictures.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&language, "language", "", "`LANGUAGE` of the text, such as nl; '' for the instance's")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := postID(args[0])
		if err != nil {
			return err
		}
		spoken := cmd.Flags().Changed("language")
		if len(args) == 1 && !spoken && len(pictures.files)+len(pictures.alts)+len(pictures.focuses) == 0 {
			return usagef("there is nothing to change: give TEXT, --language, --image, --alt or --focus")
		}
		return a.editPost(cmd.Context(), id, &pictures, func(p *directory.Post) error {
			if len(args) > 1 {
				p.Text = args[1]
			}
			if spoken {
				p.Language = language
			}
			return nil
		})
	}
	return cmd
}

// newPostDelete returns 'commonage post delete'.
func newPostDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "delete URL",
		Short: "Take a post or an event back",
		Long: "Take a post or an event back. Everyone who got it is told to delete it. Here its replies go\n" +
			"with it, and its pictures unless another post has them.",
		Example: "  commonage post delete https://ghent.example/initiatives/x/posts/01J...",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := postID(args[0])
			if err != nil {
				return err
			}
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.curator(a).DeletePost(cmd.Context(), id), "post "+id)
			})
		},
	}
}
