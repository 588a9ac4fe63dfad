package main

import (
	"context"

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
			"paragraph. Who is named is told. The hashtags of the initiative's seed forms are added\n" +
			"as a last line unless the text has them.\n\n" + pictureHelp,
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
func (a *app) publish(ctx context.Context, handle string, p *directory.Post, pictures *pictures) error {
	if err := pictures.check(); err != nil {
		return err
	}
	return a.withInstance(ctx, func(in *instance) error {
		if err := pictures.attach(ctx, in.media(a), p); err != nil {
			return err
		}
		if err := in.curator(a).Post(ctx, handle, p); err != nil {
			return explain(err, "initiative "+handle)
		}
		if err := stay(ctx, in.media(a), pictures.files, p.Attachments); err != nil {
			return err
		}
		return a.printf("%s\n", p.ID)
	})
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
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.curator(a).PinPost(cmd.Context(), args[0], pinned), "post "+args[0])
			})
		},
	}
}

// newPostEdit returns 'commonage post edit'.
func newPostEdit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "edit URL TEXT",
		Short:   "Change the words of a post",
		Example: "  commonage post edit https://ghent.example/initiatives/x/posts/01J... 'Sunday, not Saturday.'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.curator(a).EditPost(cmd.Context(), args[0], args[1]), "post "+args[0])
			})
		},
	}
}

// newPostDelete returns 'commonage post delete'.
func newPostDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "delete URL",
		Short: "Take a post or an event back",
		Long: "Take a post or an event back. Everyone who got it is told to delete it. Its pictures are\n" +
			"removed here, unless another post has them too.",
		Example: "  commonage post delete https://ghent.example/initiatives/x/posts/01J...",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.curator(a).DeletePost(cmd.Context(), args[0]), "post "+args[0])
			})
		},
	}
}
