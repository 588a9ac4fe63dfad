package config

import (
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// mediaDir is the value of the setting media for a folder.
const mediaDir = "dir"

// Bucket is where a store that speaks S3 keeps pictures.
type Bucket struct {
	Endpoint string // "https://s3.example.org"
	Region   string
	Name     string
	Prefix   string // "" or ends with /
}

// MediaDir returns the folder of pictures. It is used unless there is a bucket.
func (c *Config) MediaDir() string { return filepath.Join(c.DataDir, "media") }

// MediaBucket returns the bucket of pictures, if they are not in a folder.
func (c *Config) MediaBucket() (b Bucket, ok bool) {
	if c.Media == mediaDir {
		return Bucket{}, false
	}
	b, err := parseBucket(c.Media)
	return b, err == nil // else it was refused when it was set
}

// media is where pictures are.
func media(field *string) value {
	accepts := "dir for a folder in data_dir, or s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION"
	return parsed(field, accepts, func(s string) (string, error) {
		if s == mediaDir {
			return s, nil
		}
		_, err := parseBucket(s)
		return s, err
	})
}

var (
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixPattern = regexp.MustCompile(`^([A-Za-z0-9_-]+/)*$`)
	regionPattern = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
)

func parseBucket(s string) (Bucket, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "s3" {
		return Bucket{}, errUnaccepted
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Bucket{}, errUnaccepted
	}
	b := Bucket{Name: u.Host, Prefix: strings.Trim(u.Path, "/"), Region: "us-east-1"}
	if b.Prefix != "" {
		b.Prefix += "/"
	}
	for key := range query {
		switch key {
		case "endpoint":
			b.Endpoint = strings.TrimSuffix(query.Get(key), "/")
		case "region":
			b.Region = query.Get(key)
		default:
			return Bucket{}, errors.New("has " + key + ", which is neither endpoint nor region")
		}
	}
	switch {
	case u.User != nil:
		return Bucket{}, errors.New("holds keys, which are settings of their own")
	case !bucketPattern.MatchString(b.Name):
		return Bucket{}, errors.New("names no bucket after s3://")
	case !prefixPattern.MatchString(b.Prefix):
		return Bucket{}, errors.New("has characters in its path other than letters, digits, _ and -")
	case !regionPattern.MatchString(b.Region):
		return Bucket{}, errors.New("has no usable region")
	}
	return b, checkEndpoint(b.Endpoint)
}

func checkEndpoint(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "":
		return errors.New("has no endpoint such as https://s3.example.org")
	case u.Scheme == "http" && !isLoopback(u.Host), u.Scheme != "http" && u.Scheme != "https":
		return errors.New("has an endpoint without https")
	}
	return nil
}

// credential is a text that is shown nowhere.
func credential(field *string) value {
	v := parsed(field, "text without blanks", func(s string) (string, error) {
		if strings.ContainsAny(s, " \t\r\n") {
			return "", errors.New("has blanks")
		}
		return s, plain(s, maxCredential)
	})
	v.redact = func(s string) string {
		if s == "" {
			return ""
		}
		return hidden
	}
	return v
}

const maxCredential = 512

// checkMedia wants the keys of a bucket.
func checkMedia(c *Config) *SettingError {
	if c.Media == mediaDir {
		return nil
	}
	missing := func(key string) *SettingError {
		return &SettingError{Key: key, Reason: "is not set, and media is a bucket", Accepts: "the key that opens it"}
	}
	switch {
	case c.MediaAccessKey == "":
		return missing("media_access_key")
	case c.MediaSecretKey == "":
		return missing("media_secret_key")
	}
	return nil
}
