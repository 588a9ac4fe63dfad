package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/commonage/commonage/config"
)

// healthTimeout is shorter than what a container's health check allows.
const healthTimeout = 3 * time.Second

// newHealthCommand returns 'commonage health', the health check of the
// container image, which has no other program to ask with.
func newHealthCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "health",
		Short:  "Ask the server on this machine whether it is well",
		Long:   "Ask the server that the settings describe whether it is well. Fails if it is not.",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.settings()
			if err != nil {
				return err
			}
			return checkHealth(cmd.Context(), c)
		},
	}
}

// serverAnswers reports whether a server answers where the settings say, whatever
// it says. With several on one database another may run elsewhere.
func serverAnswers(ctx context.Context, c *config.Config) bool {
	err := checkHealth(ctx, c)
	_, unheard := errors.AsType[*url.Error](err)
	return !unheard
}

// checkHealth returns an error unless the server answers 200.
func checkHealth(ctx context.Context, c *config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	address := "http://" + reachable(c.Listen) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	req.Host = c.Host
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // without a proxy
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask for the server's health: %w", err) // it names the address
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: the answer is %s", address, resp.Status)
	}
	return nil
}

// reachable returns where to reach a server that listens on the address: one
// for all addresses is reached on loopback.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "", err == nil && ip.IsUnspecified() && ip.Is4():
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}
