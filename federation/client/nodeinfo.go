package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// NodeInfo is what a server says of itself. All of it is foreign text.
type NodeInfo struct {
	Software  string
	Version   string // of the software
	Protocols []string
	Metadata  json.RawMessage // an object, as a rule
}

const (
	maxNodeInfo     = 128 << 10
	maxNodeInfoName = 300
)

const nodeInfoSchema = "http://nodeinfo.diaspora.software/ns/schema/"

// NodeInfo asks a host, which may have a port, what it runs, in the newest of
// versions 2.1 and 2.0 that it offers.
func (c *Client) NodeInfo(ctx context.Context, host string) (NodeInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Total)
	defer cancel()
	info, err := c.nodeInfo(ctx, host)
	if err != nil {
		return NodeInfo{}, fmt.Errorf("NodeInfo of %.200s: %w", host, err)
	}
	return info, nil
}

func (c *Client) nodeInfo(ctx context.Context, host string) (NodeInfo, error) {
	name, err := wireHost(c.scheme, host)
	if err != nil {
		return NodeInfo{}, &AddressError{Address: host, Reason: "is not a host"}
	}
	body, err := c.get(ctx, &url.URL{Scheme: c.scheme, Host: name, Path: "/.well-known/nodeinfo"}, "application/json", maxNodeInfo)
	if err != nil {
		return NodeInfo{}, err
	}
	u, err := newestNodeInfo(body)
	if err != nil {
		return NodeInfo{}, err
	}
	if body, err = c.get(ctx, u, "application/json", maxNodeInfo); err != nil {
		return NodeInfo{}, err
	}
	info, err := readNodeInfo(body)
	if err != nil {
		return NodeInfo{}, fmt.Errorf("read %s: %w", u, err)
	}
	return info, nil
}

// newestNodeInfo returns the address of the newest version we read that an index
// offers.
func newestNodeInfo(body []byte) (*url.URL, error) {
	var index struct {
		Links []struct {
			Rel  string `json:"rel"`
			Href string `json:"href"`
		} `json:"links"`
	}
	if err := readJSON(body, &index); err != nil {
		return nil, err
	}
	offered := make(map[string]string, len(index.Links))
	for _, link := range index.Links {
		offered[link.Rel] = link.Href
	}
	for _, version := range []string{"2.1", "2.0"} {
		if href := offered[nodeInfoSchema+version]; href != "" {
			return parseAddress(href)
		}
	}
	return nil, &InvalidError{Reason: "it offers NodeInfo neither in 2.1 nor in 2.0"}
}

// readNodeInfo reads a document of either version.
func readNodeInfo(body []byte) (NodeInfo, error) {
	var found struct {
		Software struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"software"`
		Protocols []string        `json:"protocols"`
		Metadata  json.RawMessage `json:"metadata"`
	}
	if err := readJSON(body, &found); err != nil {
		return NodeInfo{}, err
	}
	if name := found.Software.Name; name == "" || len(name)+len(found.Software.Version) > maxNodeInfoName {
		return NodeInfo{}, &InvalidError{Reason: "it names no software, or at great length"}
	}
	return NodeInfo{found.Software.Name, found.Software.Version, found.Protocols, found.Metadata}, nil
}

func readJSON(body []byte, into any) error {
	if err := CheckJSON(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &InvalidError{Reason: "it sent JSON of another shape", Detail: err.Error()}
	}
	return nil
}
