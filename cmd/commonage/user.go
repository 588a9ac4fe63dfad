package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
)

// newUserCommand returns 'commonage user' and what it holds.
func newUserCommand(a *app) *cobra.Command {
	return newGroup("user", "Name the people who run this instance, as /about shows them",
		newUserAdd(a), newUserList(a), newUserRemove(a))
}

func newUserAdd(a *app) *cobra.Command {
	u := directory.User{Role: directory.Admin}
	role := string(u.Role)
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Name somebody who runs this instance, or change how",
		Long: "Name somebody who runs this instance, or change how. What is given here is public:\n" +
			"visitors and other servers' admins see it on /about and turn to the contact.",
		Example: "  commonage user add ana --display 'Ana' --contact @ana@social.example\n" +
			"  commonage user add desk --role editor --contact https://ghent.example/desk",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			u.Name, u.Role, u.Created = args[0], directory.UserRole(role), a.now()
			if u.Display == "" {
				u.Display = u.Name
			}
			if err := u.Validate(); err != nil {
				return err
			}
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return in.store.PutUser(cmd.Context(), &u)
			})
		},
	}
	cmd.Flags().StringVar(&u.Display, "display", "", "`NAME` as it is shown")
	cmd.Flags().StringVar(&u.Contact, "contact", "", "fediverse `ADDRESS`, e-mail address or web page")
	cmd.Flags().StringVar(&role, "role", role, "admin or editor")
	return cmd
}

func newUserList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the people who run this instance",
		Example: "  commonage user list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				users, err := in.store.Users(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
				for _, u := range users {
					if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", u.Name, u.Role, u.Display, u.Contact); err != nil {
						return fmt.Errorf("print the users: %w", err)
					}
				}
				return w.Flush()
			})
		},
	}
}

func newUserRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "remove NAME",
		Short:   "Take somebody off the list",
		Example: "  commonage user remove ana",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				return explain(in.store.RemoveUser(cmd.Context(), args[0]), "user "+args[0])
			})
		},
	}
}
