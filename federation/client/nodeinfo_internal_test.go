package client

import (
	"net/http"
	"testing"
)

// Whatever a server sends as NodeInfo, it leads to an address that may be asked
// and names a software within bounds, or there is an error that lasts.
func FuzzNodeInfo(f *testing.F) {
	f.Add([]byte(`{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.0","href":"https://city.example/nodeinfo/2.0"}]}`))
	f.Add([]byte(`{"links":[null,{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.1","href":"file:///etc/passwd"}]}`))
	f.Add([]byte(`{"version":"2.0","software":{"name":"mastodon","version":"4.7.0"},"protocols":["activitypub"],"metadata":{"commonage":{"entries":7}}}`))
	f.Add([]byte(`{"software":{"name":7},"protocols":"activitypub","metadata":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		u, err := newestNodeInfo(body)
		if err == nil {
			_, err = http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), http.NoBody)
		}
		if err != nil && (Retryable(err) || u != nil) {
			t.Errorf("index: %v %v", u, err)
		}
		info, err := readNodeInfo(body)
		if err != nil && Retryable(err) || err == nil && (info.Software == "" || len(info.Software)+len(info.Version) > maxNodeInfoName) {
			t.Errorf("document: %+v %v", info, err)
		}
	})
}
