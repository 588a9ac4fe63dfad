package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
	"codeberg.org/commonage/commonage/federation/client"
)

// mentionTime is how long a command looks for the people that a post names.
const mentionTime = 15 * time.Second

// warnOfMentions says which of the people whom a text names will not be told of it.
// The server looks for them once more, when it sends the post.
func (a *app) warnOfMentions(ctx context.Context, in *instance, text string) error {
	named := prose.Mentions(text)
	if len(named) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, mentionTime)
	defer cancel()
	c, err := in.signingClient(ctx, a)
	if err != nil {
		return err
	}
	defer c.Close()
	for k, acct := range named {
		err := fmt.Errorf("a post tells the first %d that it names", directory.MaxMentions)
		if k < directory.MaxMentions {
			err = in.findMentioned(ctx, c, acct)
		}
		if err == nil {
			continue
		}
		if _, err := fmt.Fprintf(a.stderr, "@%s is not told of it: %v\n", acct, err); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// findMentioned returns why nobody is found by the address.
func (in *instance) findMentioned(ctx context.Context, c *client.Client, acct string) error {
	handle, host, _ := strings.Cut(strings.ToLower(acct), "@")
	if !in.config.Instance().IsCalled(host) {
		_, err := c.Resolve(ctx, acct)
		return err
	}
	if !directory.ValidHandle(handle) {
		return nil // the instance's own, or nobody's
	}
	_, err := in.store.InitiativeByHandle(ctx, in.config.Host, handle)
	return explain(err, "initiative "+handle)
}
