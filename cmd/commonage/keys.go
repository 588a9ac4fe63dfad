package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/federation"
)

// newKeysCommand returns 'commonage keys' and what it holds.
func newKeysCommand(a *app) *cobra.Command {
	return newGroup("keys", "Look after the keys with which this instance signs",
		newKeysList(a), newKeysCreate(a), newKeysRotate(a))
}

func newKeysCreate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "create",
		Short: "Make the key pairs that are missing",
		Long: "Make the key pairs that are missing: RSA for signing requests and Ed25519 for proofs.\n" +
			"Those that are there stay. They are kept in the database: a backup of it is a backup\n" +
			"of them, and without them other servers take this instance for an impostor.",
		Example: "  commonage keys create",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				made, err := federation.EnsureKeys(cmd.Context(), in.store, a.now())
				if err != nil {
					return err
				}
				if !made {
					return a.printf("All keys are there.\n")
				}
				return a.printf("Keys made.\n")
			})
		},
	}
}

func newKeysList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the key pairs by their fingerprints",
		Example: "  commonage keys list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				keys, err := in.store.Keys(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
				used := map[directory.KeyKind]bool{} // the newest one is
				for _, k := range keys {
					state := "in use"
					switch {
					case k.Pending:
						state = "being made known"
					case k.Retired.IsZero() && used[k.Kind]:
						state = "signs until everyone knows the next"
					case k.Retired.IsZero():
						used[k.Kind] = true
					default:
						state = "retired " + k.Retired.Format(time.DateOnly)
					}
					sum := sha256.Sum256([]byte(k.Public))
					if _, err := fmt.Fprintf(w, "%s\tSHA256:%s\tmade %s\t%s\n", k.Kind,
						base64.RawStdEncoding.EncodeToString(sum[:]), k.Created.Format(time.DateOnly), state); err != nil {
						return fmt.Errorf("print the keys: %w", err)
					}
				}
				return w.Flush()
			})
		},
	}
}

func newKeysRotate(a *app) *cobra.Command {
	proof := false
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Change the key that signs requests for a new one",
		Long: "Change the key that signs requests for a new one. The running server makes the new\n" +
			"key known to followers and peers, by messages that the old one signs, and shows it\n" +
			"within seconds. The old key signs for servers that were not reached yet, and is\n" +
			"retired when none is left; 'commonage keys list' shows how far it is. With --proof,\n" +
			"the key for integrity proofs is changed too.",
		Example: "  commonage keys rotate\n  commonage keys rotate --proof",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withInstance(cmd.Context(), func(in *instance) error {
				err := federation.RotateKeys(cmd.Context(), in.store, proof, a.now())
				if errors.Is(err, directory.ErrConflict) {
					return errors.New("the last change of keys is not complete; see 'commonage keys list'")
				}
				if err != nil {
					return explain(err, "key")
				}
				return a.printf("A new key was made. The server makes it known and uses it then.\n")
			})
		},
	}
	cmd.Flags().BoolVar(&proof, "proof", false, "change the key for integrity proofs too")
	return cmd
}
