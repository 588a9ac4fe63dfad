package config

import "strings"

// check is a rule over several settings. It runs when all of them were
// accepted; what it finds names the setting to change.
type check struct {
	keys []string
	run  func(*Config) *SettingError
}

// checks lists the rules that hold between settings.
func checks() []check {
	return []check{
		{[]string{"scheme", "host", "allow_private_addresses"}, checkScheme},
		{[]string{"latitude", "longitude"}, checkPoint},
		{[]string{"map_tiles", "map_attribution"}, checkMapTiles},
		{[]string{"media", "media_access_key", "media_secret_key"}, checkMedia},
	}
}

// checkScheme keeps plain HTTP to machines that the public cannot reach: others
// would have to trust whoever sits between.
func checkScheme(c *Config) *SettingError {
	if c.Scheme != "http" || c.Host == "" || isLoopback(c.Host) || c.AllowPrivateAddresses {
		return nil
	}
	return &SettingError{
		Key: "scheme", Value: "http", Reason: "is only for a loopback host, and the host is " + c.Host,
		Accepts: "https, a host such as localhost:8080, or allow_private_addresses in a private network",
	}
}

func checkPoint(c *Config) *SettingError {
	switch {
	case c.Latitude != nil && c.Longitude == nil:
		return &SettingError{Key: "latitude", Reason: "is set without longitude", Accepts: "both or neither"}
	case c.Latitude == nil && c.Longitude != nil:
		return &SettingError{Key: "longitude", Reason: "is set without latitude", Accepts: "both or neither"}
	}
	return nil
}

// checkMapTiles wants to know whom to name, as every such server asks for it.
func checkMapTiles(c *Config) *SettingError {
	switch {
	case c.MapTiles != "" && c.MapAttribution == "":
		return &SettingError{Key: "map_attribution", Reason: "is not set, and map_tiles is", Accepts: "whom the map names for its pictures"}
	case c.MapTiles == "" && c.MapAttribution != "":
		return &SettingError{Key: "map_tiles", Reason: "is not set, and map_attribution is", Accepts: "both or neither"}
	}
	return nil
}

// dropDefaultPort removes a port that the scheme implies, so that ids and handles
// never differ by it.
func (c *Config) dropDefaultPort() {
	port := ":443"
	if c.Scheme == "http" {
		port = ":80"
	}
	for _, name := range []*string{&c.Host, &c.HandleDomain} {
		if host, ok := strings.CutSuffix(*name, port); ok && !strings.HasSuffix(host, ":") {
			*name = host
		}
	}
}
