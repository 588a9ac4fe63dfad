package main_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

// TestKilledReceiving: what an inbox has answered with 202 is acted on, though the
// server is killed at that moment.
func TestKilledReceiving(t *testing.T) {
	t.Parallel() // most of the time is waiting
	onEach(t, func(t *testing.T, db database) {
		c, there := newCity(t, "receiving", db).start(), fedtest.NewServer(t)
		c.do("initiative", "add", "--name", "Tool Library", "--form", "tool-library")
		id := "http://" + c.host + "/initiatives/tool_library"
		var number atomic.Int64
		taken := map[string]bool{}
		const kills, each = 3, 20
		for range kills {
			answered := make(chan string)
			var senders sync.WaitGroup
			for range 8 {
				senders.Go(func() {
					for {
						a := there.Actor(fmt.Sprintf("a%d", number.Add(1)))
						if a.Post(id+"/inbox", a.NewFollow(id), one).Status != http.StatusAccepted {
							return // the server is gone
						}
						answered <- a.ID
					}
				})
			}
			go func() {
				senders.Wait()
				close(answered)
			}()
			for range each {
				taken[<-answered] = true
			}
			c.kill()
			for a := range answered {
				taken[a] = true
			}
			c.start()
		}
		eventually(t, patience, func() error {
			for a := range taken {
				if err := c.contains("/initiatives/tool_library/followers?after=", a); err != nil {
					return fmt.Errorf("of %d: %w", len(taken), err)
				}
			}
			return nil
		})
	})
}
