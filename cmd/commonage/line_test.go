package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/commonage/commonage/federation/fedtest"
)

// welcoming adds to a city's settings that it follows whom enough peers list.
func (c *city) welcoming() *city {
	c.t.Helper()
	f, err := os.OpenFile(c.settings, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, `peering = "open"`); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// TestLine: ten cities, each told of one only, the one before it, find each other
// and carry everything. One that is killed for a while comes back complete, and
// one that forges entries of another changes nothing.
func TestLine(t *testing.T) {
	const n = 10
	line := make([]*city, n)
	var starting sync.WaitGroup
	for k := range line {
		line[k] = newCity(t, fmt.Sprintf("c%d", k), onSQLite).welcoming()
		starting.Go(func() {
			line[k].do("initiative", "add", "--name", fmt.Sprintf("Tool Library %d", k), "--form", "tool-library")
			if k > 0 {
				line[k].do("peer", "add", line[k-1].host)
			}
		})
	}
	starting.Wait()
	began := time.Now()
	for _, c := range line {
		c.launch()
	}
	for _, c := range line { // within two minutes, all of them together
		eventually(t, time.Until(began.Add(2*time.Minute)), func() error { return c.has(n) })
	}
	t.Logf("all carry everything after %s", time.Since(began).Round(100*time.Millisecond))

	victim, first, last := line[n/2], line[0], line[n-1]
	victim.kill()
	first.do("initiative", "edit", "tool_library_0", "--name", "Saw Library")
	last.do("initiative", "add", "--name", "Repair Café", "--form", "repair-cafe")
	line[1].do("initiative", "withdraw", "tool_library_1")
	eventually(t, seconds, func() error { return first.shows("/initiatives/repair_cafe@"+last.host, "Repair Café") })
	victim.start()
	for _, c := range []*city{victim, first, last} {
		eventually(t, seconds, func() error { return c.has(n) })
		eventually(t, seconds, func() error { return c.shows("/initiatives/tool_library_0"+at(c, first), "Saw Library") })
		eventually(t, seconds, func() error { return c.shows("/initiatives/repair_cafe"+at(c, last), "Repair Café") })
		eventually(t, seconds, func() error { return c.answers("/initiatives/tool_library_1"+at(c, line[1]), http.StatusGone) })
	}
	same(t, victim, first)

	forge(t, last, first, "http://"+first.host+"/initiatives/tool_library_0")
	same(t, last, first)
	same(t, victim, first)
}

// at returns how the pages of a city name the entries of another one.
func at(c, origin *city) string {
	if c == origin {
		return ""
	}
	return "@" + origin.host
}

// forge has a directory that the city follows tell it forged changes of an entry
// of another one.
func forge(t *testing.T, c, origin *city, entry string) {
	t.Helper()
	there := fedtest.NewServer(t)
	forger := there.Actor("directory")
	forger.Edit(func(doc fedtest.Object) { doc["type"], doc["initiatives"] = "Service", doc.String("id")+"/initiatives" })
	forger.Lock()
	c.do("peer", "add", there.Host)
	ctx, cancel := context.WithTimeout(t.Context(), seconds)
	defer cancel()
	there.Await(ctx, func(d fedtest.Delivery) bool { return d.Type == "Follow" && d.Status == http.StatusAccepted })
	forger.AcceptFollow("http://" + c.host + "/directory")
	eventually(t, seconds, func() error {
		if line := peerLine(c, there.Host); !strings.Contains(line, "  yes  ") {
			return fmt.Errorf("%s does not follow the forger: %q", c.host, line)
		}
		return nil
	})

	body, err := origin.get("/directory/outbox", "before=9007199254740991")
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Items []map[string]any `json:"orderedItems"`
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Items) != 1 {
		t.Fatalf("the log of %s: %v in %s", origin.host, err, body)
	}
	told := page.Items[0]
	told["published"] = "2030-01-01T00:00:00Z"
	object := told["object"].(map[string]any)
	object["name"], object["updated"] = "Forged", "2030-01-01T00:00:00Z"
	unproved := maps.Clone(told)
	delete(unproved, "proof")
	remove := map[string]any{
		"id": "http://" + origin.host + "/directory/log/99", "type": "Remove", "actor": "http://" + origin.host + "/directory",
		"object": entry, "published": "2030-01-01T00:00:00Z",
	}
	inbox := "http://" + c.host + "/inbox"
	for _, list := range [][]any{{told}, {unproved}, {remove}, {map[string]any(forger.Prove(remove))}} {
		if got := forger.Post(inbox, forger.Activity("Announce", list)); got.Status != http.StatusAccepted {
			t.Errorf("passing on: status %d %s", got.Status, got.Body)
		}
	}
	if got := forger.Post(inbox, forger.Activity("Update", object)); got.Status != http.StatusAccepted {
		t.Errorf("an update of another's: status %d %s", got.Status, got.Body)
	}
	if got := forger.Post(inbox, told); got.Status != http.StatusUnauthorized {
		t.Errorf("in another's name: status %d %s", got.Status, got.Body)
	}
	eventually(t, seconds, func() error {
		if !strings.Contains(c.journal(400), "unproved activity dropped") {
			return errors.New("nothing forged was noticed")
		}
		return nil
	})
	if err := c.shows("/initiatives/tool_library_0@"+origin.host, "Saw Library"); err != nil {
		t.Error(err)
	}
}
