package vocab

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
)

type link struct {
	Rel      string `json:"rel"`
	Type     string `json:"type,omitempty"`
	Href     string `json:"href,omitempty"`
	Template string `json:"template,omitempty"`
}

// WebFinger returns the JRD of one of the instance's actors. The one whose
// handle is the domain in handles is the instance actor, which other servers also look for
// under a relation of its own (FEP-d556).
func WebFinger(in directory.Instance, handle, id string) ([]byte, error) {
	links := []link{{Rel: "http://webfinger.net/rel/profile-page", Type: "text/html", Href: id}}
	if handle == in.Domain() {
		links = append(links, link{Rel: activityStreams + "#Service", Type: ContentType, Href: id})
	}
	// Lemmy takes the last link that fits, everybody else the first self.
	links = append(links, link{Rel: "self", Type: ContentType, Href: id})
	return marshal("WebFinger of "+handle, struct {
		Subject string   `json:"subject"`
		Aliases []string `json:"aliases"`
		Links   []link   `json:"links"`
	}{"acct:" + handle + "@" + in.Domain(), []string{id}, links})
}

// webFingerTemplate returns where WebFinger is asked, for host-meta.
func webFingerTemplate(in directory.Instance) string {
	return in.URL("/.well-known/webfinger?resource={uri}")
}

// HostMeta returns the XRD served at /.well-known/host-meta.
func HostMeta(in directory.Instance) ([]byte, error) {
	type xrdLink struct {
		Rel      string `xml:"rel,attr"`
		Type     string `xml:"type,attr"`
		Template string `xml:"template,attr"`
	}
	body, err := xml.MarshalIndent(struct {
		XMLName xml.Name `xml:"http://docs.oasis-open.org/ns/xri/xrd-1.0 XRD"`
		Link    xrdLink
	}{Link: xrdLink{"lrdd", ContentTypeJRD, webFingerTemplate(in)}}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write host-meta: %w", err)
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

// HostMetaJSON returns the JRD served at /.well-known/host-meta.json.
func HostMetaJSON(in directory.Instance) ([]byte, error) {
	return marshal("host-meta", struct {
		Links []link `json:"links"`
	}{[]link{{Rel: "lrdd", Type: ContentTypeJRD, Template: webFingerTemplate(in)}}})
}

// marshal writes JSON whose addresses stay readable.
func marshal(what string, v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write %s: %w", what, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
