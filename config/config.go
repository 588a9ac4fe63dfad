// Package config is what an operator can set. One table lists the settings;
// parsing, command-line flags, the documented list and the file that
// `commonage init` writes all come from it.
//
// A setting's value is the last one given by, in this order: its default, the
// file (commonage.toml), the environment (COMMONAGE_ and the key in upper case)
// and the flags. This is the only package that reads the environment.
package config

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// DefaultFile is the settings file that is read from the working directory when
// no other is named. It may be missing.
const DefaultFile = "commonage.toml"

// Peering says which instances may exchange entries with this one.
type Peering string

// The ways of peering.
const (
	PeeringOpen      Peering = "open"      // any instance that asks
	PeeringReview    Peering = "review"    // any that a person here has accepted
	PeeringAllowlist Peering = "allowlist" // only those that were added by name
)

// The formats of log lines.
const (
	LogText = "text"
	LogJSON = "json"
)

// Config holds the effective settings of one process. Load returns it checked;
// treat it as read-only then. The zero Config is of no use: start from Default.
type Config struct {
	Host         string // public host, lower case, with its port if not the scheme's own
	HandleDomain string // what stands in handles instead, or ""
	Scheme       string // "https" or "http"
	Listen       string // address to serve on
	Database     string // as written; open what DatabaseDSN returns
	DataDir      string
	Media        string // as written; MediaBucket or MediaDir is where pictures are

	MediaAccessKey string // of the bucket
	MediaSecretKey string

	Name        string
	Description string
	Language    string // BCP 47
	Locality    string
	Country     string   // ISO 3166-1 alpha-2, upper case
	Latitude    *float64 // nil together with Longitude
	MapTiles    string   // URL with {z}, {x} and {y}; "" for the base map that is shipped

	MapAttribution string // "" together with MapTiles
	Longitude      *float64

	Peering               Peering
	Vouches               int  // peers that must list an instance before it is followed, with peering open
	Listed                bool // other instances may list this one
	HideAfterDays         int
	PeerEntries           int // carried from one peer at most
	Replies               directory.ReplyPolicy
	SecureMode            bool
	AllowPrivateAddresses bool
	Workers               int
	LogFormat             string // LogText or LogJSON
	LogLevel              slog.Level

	sources map[string]string // key to where its value came from
}

// Sources are where settings come from, beside their defaults.
type Sources struct {
	// File is the path given with --config. When it is empty, COMMONAGE_CONFIG
	// names the file, and else DefaultFile is read if it is there.
	File string
	// Environ holds NAME=VALUE pairs, as Environ returns them.
	Environ []string
	// Flags holds the settings given as flags, by key.
	Flags map[string]string
}

// Environ returns the environment of the process.
func Environ() []string { return os.Environ() }

// Default returns the settings that hold when nothing is set.
func Default() *Config {
	c := &Config{sources: map[string]string{}}
	for _, s := range c.table() {
		if err := s.value.set(s.fallback); err == nil { // a test sets every default
			c.sources[s.key] = sourceDefault
		}
	}
	return c
}

// Load reads all sources and returns the effective settings. When anything is
// wrong it returns a SettingErrors with every fault found, and no Config. An
// empty environment variable counts as not set.
func Load(src Sources) (*Config, error) {
	l := newLoader()
	env := l.readEnviron(src.Environ)
	path, source, needed := DefaultFile, "", false
	switch {
	case src.File != "":
		path, source, needed = src.File, "--config", true
	case env[configVariable].text != "":
		path, source, needed = env[configVariable].text, configVariable, true
	}
	l.readFile(path, source, needed)
	delete(env, configVariable)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		l.apply(env[name])
	}
	for _, key := range slices.Sorted(maps.Keys(src.Flags)) {
		l.apply(given{key: key, text: src.Flags[key], source: FlagName(key)})
	}
	return l.finish()
}

// FlagName returns the flag that gives the setting with the key: "--data-dir".
func FlagName(key string) string { return "--" + strings.ReplaceAll(key, "_", "-") }

// EnvName returns the environment variable that gives the setting with the key:
// "COMMONAGE_DATA_DIR".
func EnvName(key string) string { return envPrefix + strings.ToUpper(key) }

// Check returns a SettingError when the setting with the key does not accept the
// text, whatever the other settings are. It is for asking a person.
func Check(key, text string) error {
	l := newLoader()
	l.apply(given{key: key, text: text})
	if len(l.faults) > 0 {
		return l.faults[0]
	}
	return nil
}

// Require returns a SettingErrors that names those of the keys that have no
// value, or nil.
func (c *Config) Require(keys ...string) error {
	var faults SettingErrors
	for _, s := range c.table() {
		if slices.Contains(keys, s.key) && s.value.get() == "" {
			faults = append(faults, SettingError{Key: s.key, Reason: "is not set", Accepts: s.value.accepts +
				", given as " + FlagName(s.key) + ", " + EnvName(s.key) + " or in " + DefaultFile})
		}
	}
	return faults.orNil()
}

// Instance returns what other parts of the program know of this instance.
func (c *Config) Instance() directory.Instance {
	in := directory.Instance{
		Host: c.Host, HandleDomain: c.HandleDomain, Scheme: c.Scheme, Name: c.Name, Description: c.Description,
		Language: c.Language, Locality: c.Locality, Country: c.Country,
	}
	if c.Latitude != nil && c.Longitude != nil {
		in.Point = &directory.Point{Latitude: *c.Latitude, Longitude: *c.Longitude}
	}
	return in
}

// DatabaseDSN returns the database to open: "sqlite:PATH", with a relative PATH
// taken from the data directory, or a postgres:// URL, password included.
func (c *Config) DatabaseDSN() string {
	path, ok := strings.CutPrefix(c.Database, sqlitePrefix)
	if !ok || filepath.IsAbs(path) {
		return c.Database
	}
	return sqlitePrefix + filepath.Join(c.DataDir, path)
}
