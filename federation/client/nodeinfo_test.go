package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/federation/client"
)

const schema = "http://nodeinfo.diaspora.software/ns/schema/"

func TestNodeInfo(t *testing.T) {
	const info = `{"version":"2.1","software":{"name":"commonage","version":"0.1"},"protocols":["activitypub"],
		"usage":{"users":{"total":3}},"metadata":{"commonage":{"entries":7}}}`
	link := func(version, path string) string {
		return `{"rel":"` + schema + version + `","href":"BASE` + path + `"}`
	}
	want := client.NodeInfo{
		Software: "commonage", Version: "0.1", Protocols: []string{"activitypub"},
		Metadata: json.RawMessage(`{"commonage":{"entries":7}}`),
	}
	cases := []struct {
		name, links, path, body string
		ok                      bool
	}{
		{"highest", link("2.0", "/2.0") + "," + link("2.1", "/2.1") + "," + link("9.9", "/9.9"), "/2.1", info, true},
		{"only 2.0", link("1.0", "/1.0") + "," + link("2.0", "/2.0"), "/2.0", info, true},
		{"only 1.0", link("1.0", "/1.0"), "", info, false},
		{"none", "", "", info, false},
		{"metadata service", strings.Replace(link("2.1", "/"), "BASE", "http://169.254.169.254", 1), "", info, false},
		{"no software", link("2.1", "/2.1"), "/2.1", `{"protocols":[]}`, false},
		{"long name", link("2.1", "/2.1"), "/2.1", `{"software":{"name":"` + strings.Repeat("x", 400) + `"}}`, false},
		{"another shape", link("2.1", "/2.1"), "/2.1", `{"software":"commonage"}`, false},
		{"not JSON", link("2.1", "/2.1"), "/2.1", `<html>`, false},
		{"too large", link("2.1", "/2.1"), "/2.1", info + strings.Repeat(" ", 128<<10), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t, func(p *peer, w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				if r.URL.Path == "/.well-known/nodeinfo" {
					io.WriteString(w, `{"links":[`+strings.ReplaceAll(c.links, "BASE", p.URL)+`]}`)
					return
				}
				io.WriteString(w, c.body)
			})
			got, err := newClient(t).NodeInfo(t.Context(), p.host())
			if !c.ok {
				if err == nil || client.Retryable(err) {
					t.Errorf("got %+v, %v, want a lasting error", got, err)
				}
			} else if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			paths := []string{"GET /.well-known/nodeinfo"}
			if c.path != "" {
				paths = append(paths, "GET "+c.path)
			}
			if diff := cmp.Diff(paths, p.paths()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNodeInfoStatus(t *testing.T) {
	p := newPeer(t, func(_ *peer, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	_, err := newClient(t).NodeInfo(t.Context(), p.host())
	if status, ok := errors.AsType[*client.StatusError](err); !ok || status.Status != http.StatusNotFound {
		t.Errorf("got %v, want 404", err)
	}
	for _, host := range []string{"", "a/b", "u@a.example", "a.example?x", "https://a.example"} {
		_, err := newClient(t).NodeInfo(t.Context(), host)
		if _, ok := errors.AsType[*client.AddressError](err); !ok {
			t.Errorf("%q: got %v, want an AddressError", host, err)
		}
	}
}
