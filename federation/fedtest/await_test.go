package fedtest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

// failing is a test that notes its failure and goes on no further.
type failing struct {
	testing.TB
	failed chan string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.failed <- fmt.Sprintf(format, args...)
	panic("stop")
}

// Waiting in vain fails the test and tells what came.
func TestAwaitFails(t *testing.T) {
	tb := &failing{t, make(chan string, 1)}
	there := fedtest.NewServer(tb, fedtest.WithClock(noon))
	alice, bob := start(t, fedtest.Mastodon47()).Actor("alice"), there.Actor("bob")
	status(t, alice.Post(bob.Inbox, alice.Activity("View", bob.ID)), 202)
	there.Await(t.Context(), ofType("View"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	func() {
		defer func() { _ = recover() }()
		there.Await(ctx, ofType("Accept"))
	}()
	if got := <-tb.failed; !strings.Contains(got, "View "+bob.ID) {
		t.Errorf("failed with %q", got)
	}
}
