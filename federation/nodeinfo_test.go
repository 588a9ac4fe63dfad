package federation_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// nodeInfo is what the schemas 2.0 and 2.1 allow and nothing else (N2).
type nodeInfo struct {
	Version  string `json:"version"`
	Software struct {
		Name       string `json:"name"`
		Version    string `json:"version"`
		Repository string `json:"repository"`
		Homepage   string `json:"homepage"`
	} `json:"software"`
	Protocols []string `json:"protocols"`
	Services  struct {
		Inbound  []string `json:"inbound"`
		Outbound []string `json:"outbound"`
	} `json:"services"`
	OpenRegistrations *bool `json:"openRegistrations"`
	Usage             struct {
		Users struct {
			Total          *int `json:"total"`
			ActiveHalfyear *int `json:"activeHalfyear"`
			ActiveMonth    *int `json:"activeMonth"`
		} `json:"users"`
		LocalPosts    *int `json:"localPosts"`
		LocalComments *int `json:"localComments"`
	} `json:"usage"`
	Metadata map[string]any `json:"metadata"`
}

func ni1(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c := w.dormant(s)
		c.publish("rad")
		c.publish("second")
		c.publish("gone")
		if err := c.Withdraw(w.Context(), "gone"); err != nil {
			w.Fatal(err)
		}
		links := c.decode(c.get("/.well-known/nodeinfo", "application/json").Body).List("links")
		for k, version := range []string{"2.1", "2.0"} {
			schema := "http://nodeinfo.diaspora.software/ns/schema/" + version
			link := fedtest.Object(links[k].(map[string]any))
			if link.String("rel") != schema {
				w.Errorf("link %d is %v, want %s", k, link, schema)
			}
			got := c.get(link.String("href"), "application/json")
			if got.Status != 200 || got.Header.Get("Content-Type") != `application/json; profile="`+schema+`#"` {
				w.Errorf("%s: got %d %s", version, got.Status, got.Header.Get("Content-Type"))
			}
			d := json.NewDecoder(strings.NewReader(got.Body))
			d.DisallowUnknownFields()
			var info nodeInfo
			if err := d.Decode(&info); err != nil {
				w.Fatalf("%s: %v in %s", version, err, got.Body)
			}
			if info.Version != version || !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(info.Software.Name) || info.Software.Version == "" ||
				!slices.Contains(info.Protocols, "activitypub") || info.Services.Inbound == nil || info.Services.Outbound == nil ||
				info.OpenRegistrations == nil || info.Metadata == nil {
				w.Errorf("%s: got %s", version, got.Body)
			}
			if (info.Software.Repository != "") != (version == "2.1") {
				w.Errorf("%s: got repository %q", version, info.Software.Repository)
			}
			if info.Usage.Users.Total == nil || *info.Usage.Users.Total != 2 || info.Usage.LocalPosts == nil {
				w.Errorf("%s: got usage %s", version, got.Body)
			}
		}
		robots := c.page("/robots.txt")
		if robots.Code != 200 {
			w.Errorf("robots.txt: got %d", robots.Code)
		}
		for line := range strings.Lines(robots.Body.String()) {
			path, found := strings.CutPrefix(strings.TrimSpace(line), "Disallow: ")
			for _, open := range []string{"/.well-known/nodeinfo", "/nodeinfo/2.1"} {
				if found && strings.HasPrefix(open, path) {
					w.Errorf("robots may not read %s: %s", open, line)
				}
			}
		}
		if got := c.get("/nodeinfo/3.0", "").Status; got != 404 {
			w.Errorf("3.0: got %d, want 404", got)
		}
	})(t)
}
