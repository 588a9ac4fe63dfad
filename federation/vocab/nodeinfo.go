package vocab

import (
	"fmt"
	"time"

	"codeberg.org/commonage/commonage/directory"
)

// nodeInfoSchema is what the versions of NodeInfo are named after.
const nodeInfoSchema = "http://nodeinfo.diaspora.software/ns/schema/"

// NodeInfoType returns the media type of a NodeInfo document of the version,
// "2.0" or "2.1".
func NodeInfoType(version string) string {
	return ContentTypeJSON + `; profile="` + nodeInfoSchema + version + `#"`
}

// Node is what an instance says of itself in NodeInfo. The numbers are published
// as they are: leave at zero only what is zero.
type Node struct {
	Version          string // of the software
	Repository       string // where its source is; NodeInfo 2.1 only
	Homepage         string // NodeInfo 2.1 only
	Users            int    // actors that people can follow
	ActiveMonth      int
	ActiveHalfYear   int
	Posts            int
	Initiatives      int // own and public
	Carried          int // of other instances
	StaffAccounts    []string
	FEPs             []string // numbers of the proposals that it follows
	OpenRegistration bool
	Peering          directory.PeerPolicy // "" for not said
	Unlisted         bool                 // it does not want to be listed by others
	Closed           time.Time            // since when it is closed for good; zero while it is not
}

// NodeInfoLinks returns the document served at /.well-known/nodeinfo: where the
// versions are, and the instance actor (FEP-2677).
func NodeInfoLinks(in directory.Instance) ([]byte, error) {
	return marshal("NodeInfo links", struct {
		Links []link `json:"links"`
	}{[]link{
		{Rel: nodeInfoSchema + "2.1", Href: in.URL("/nodeinfo/2.1")},
		{Rel: nodeInfoSchema + "2.0", Href: in.URL("/nodeinfo/2.0")},
		{Rel: activityStreams + "#Application", Type: ContentType, Href: in.ActorID()},
	}})
}

// NodeInfo returns the document of the version, "2.0" or "2.1". Other instances
// know one of theirs by metadata.commonage.
func NodeInfo(in directory.Instance, version string, n Node) ([]byte, error) {
	if version != "2.0" && version != "2.1" {
		return nil, fmt.Errorf("NodeInfo %q: %w", version, directory.ErrNotFound)
	}
	software := fields{"name": "commonage", "version": n.Version}
	if version == "2.1" {
		setText(software, "repository", n.Repository)
		setText(software, "homepage", n.Homepage)
	}
	about := fields{
		"protocol": 1, "directory": in.DirectoryID(),
		"initiatives": n.Initiatives, "carried": n.Carried,
	}
	open := n.Closed.IsZero()
	if n.Unlisted || !open {
		about["listed"] = false
	}
	if open {
		setText(about, "peering", string(n.Peering))
	}
	setTime(about, "closed", n.Closed)
	metadata := fields{
		"nodeName":        instanceName(in),
		"nodeDescription": in.Description,
		"federation":      fields{"enabled": open},
		"commonage":       about,
	}
	setList(metadata, "staffAccounts", n.StaffAccounts)
	setList(metadata, "feps", n.FEPs)
	return marshal("NodeInfo", fields{
		"version":           version,
		"software":          software,
		"protocols":         []string{"activitypub"},
		"services":          fields{"inbound": []string{}, "outbound": []string{}},
		"openRegistrations": n.OpenRegistration && open,
		"usage": fields{
			"users":      fields{"total": n.Users, "activeMonth": n.ActiveMonth, "activeHalfyear": n.ActiveHalfYear},
			"localPosts": n.Posts,
		},
		"metadata": metadata,
	})
}
