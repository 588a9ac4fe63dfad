package config

import "codeberg.org/commonage/commonage/directory"

// setting is a row of the table: one thing that an operator can set.
type setting struct {
	key      string
	fallback string // the default, as an operator would write it
	help     string // what it is, for people; no full stop
	value    value
}

// table lists every setting, bound to the fields of c, in the order in which
// they are shown. To add a setting, add a field to Config and a row here.
func (c *Config) table() []setting {
	return []setting{
		{"host", "", "public host name of this instance; never change it once others know it", hostName(&c.Host)},
		{
			"handle_domain", "", "what stands in handles instead of host, as in @rad@ghent.example; never change it once others know it",
			hostName(&c.HandleDomain),
		},
		{"scheme", "https", "how others reach the host; http is for trying things out", word(&c.Scheme, "https", "http")},
		{"listen", "127.0.0.1:8080", "address to serve HTTP on, behind a proxy that speaks TLS", listenAddress(&c.Listen)},
		{"database", "sqlite:commonage.db", "where everything is kept; a relative PATH is inside data_dir", database(&c.Database)},
		{"data_dir", "data", "folder for the SQLite file and uploads, relative to the working directory", path(&c.DataDir)},
		{"media", mediaDir, "where pictures are kept; a bucket need not be public, as this instance gives them out", media(&c.Media)},
		{"media_access_key", "", "name of the key that reads, writes and deletes in the bucket", credential(&c.MediaAccessKey)},
		{"media_secret_key", "", "the key itself", credential(&c.MediaSecretKey)},

		{"name", "Commonage", "name of this instance on its pages and in the fediverse", line(&c.Name, 1)},
		{"description", "", "what this instance is for, in a sentence or two", paragraph(&c.Description)},
		{"language", "en", "language of its pages where the visitor asks for none", language(&c.Language)},
		{"locality", "", "village, town or city that it serves", line(&c.Locality, 0)},
		{"country", "", "country that it serves", country(&c.Country)},
		{"latitude", "", "where its map is centred; goes with longitude", degrees(&c.Latitude, 90, "north")},
		{"longitude", "", "where its map is centred; goes with latitude", degrees(&c.Longitude, 180, "east")},
		{"map_tiles", "", "a tile server whose pictures lie under the map that moves, instead of the one shipped", tileAddress(&c.MapTiles)},
		{"map_attribution", "", "whom the map names for those pictures; goes with map_tiles", line(&c.MapAttribution, 0)},

		{
			"peering", "review", "whom it follows: instances that its peers list, only those accepted here, or only those added by name",
			word(&c.Peering, PeeringOpen, PeeringReview, PeeringAllowlist),
		},
		{"vouches", "2", "with peering open: how many peers must list an instance before it is followed", whole(&c.Vouches, 1, 100)},
		{"listed", "true", "let other instances list this one, so that it is found; who follows it already goes on", boolean(&c.Listed)},
		{
			"peer_entries", "200000", "how many entries are carried from one instance at most, those that it withdrew among them",
			whole(&c.PeerEntries, 1, 10_000_000),
		},
		{
			"hide_after_days", "30", "after how many days without an answer from an instance its entries leave search and map",
			whole(&c.HideAfterDays, 2, 3650),
		},
		{
			"replies", "review", "whether replies from elsewhere are shown: once approved here, at once, or never",
			word(&c.Replies, directory.ReplyReview, directory.ReplyShow, directory.ReplyOff),
		},
		{
			"secure_mode", "false", "serve ActivityPub documents only to servers that sign their requests; pages stay open to all",
			boolean(&c.SecureMode),
		},
		{
			"allow_private_addresses", "false", "let it reach other servers on private and loopback addresses, as on a test machine",
			boolean(&c.AllowPrivateAddresses),
		},
		{"workers", "16", "how many deliveries and other jobs it does at once", whole(&c.Workers, 1, 1024)},
		{"log_format", "text", "form of the log lines on standard error", word(&c.LogFormat, LogText, LogJSON)},
		{"log_level", "info", "least important log lines to show", level(&c.LogLevel)},
	}
}

// Option is what a program needs to know of a setting to offer it: as a flag,
// as a question, in a list.
type Option struct {
	Key     string // "data_dir"
	Flag    string // "data-dir"
	Env     string // "COMMONAGE_DATA_DIR"
	Default string // as an operator would write it
	Help    string // what it is
	Accepts string // the accepted values, in words
	Boolean bool   // its flag needs no value
	Secret  bool   // may hold a password; Env + "_FILE" may name a file that holds it
}

// Options lists every setting in the order in which they are shown.
func Options() []Option {
	var all []Option
	for _, s := range new(Config).table() {
		all = append(all, Option{
			Key: s.key, Flag: FlagName(s.key)[2:], Env: EnvName(s.key), Default: s.fallback,
			Help: s.help, Accepts: s.value.accepts, Boolean: s.value.boolean, Secret: s.secret(),
		})
	}
	return all
}

// secret reports whether the value may hold a password.
func (s setting) secret() bool { return s.value.redact != nil }

// shown returns the text as it may be printed.
func (s setting) shown(text string) string {
	if s.secret() {
		return s.value.redact(text)
	}
	return text
}
