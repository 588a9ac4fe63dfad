package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/commonage/commonage/config"
)

func bucketFlags(media string) map[string]string {
	return map[string]string{"media": media, "media_access_key": "AKID", "media_secret_key": secret}
}

func TestMediaBucket(t *testing.T) {
	for media, want := range map[string]config.Bucket{
		"s3://photos?endpoint=https://s3.example.org": {
			Endpoint: "https://s3.example.org", Region: "us-east-1", Name: "photos",
		},
		"s3://my-bucket/cities/ghent/?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=eu-west-3": {
			Endpoint: "http://127.0.0.1:9000", Region: "eu-west-3", Name: "my-bucket", Prefix: "cities/ghent/",
		},
	} {
		c := load(t, config.Sources{Flags: bucketFlags(media)})
		got, ok := c.MediaBucket()
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %v\n%s", media, ok, diff)
		}
		for _, e := range c.Redacted() {
			if strings.Contains(e.Value+e.TOML, secret) {
				t.Errorf("%s shows the key", e.Key)
			}
		}
	}
	c := load(t, config.Sources{Flags: map[string]string{"data_dir": "/var/lib/c"}})
	if _, ok := c.MediaBucket(); ok || c.MediaDir() != "/var/lib/c/media" {
		t.Errorf("got %v, %s", ok, c.MediaDir())
	}
}

func TestMediaRefused(t *testing.T) {
	for media, want := range map[string]string{
		"folder":      "is not accepted",
		"s3://photos": "has no endpoint",
		"s3://photos?endpoint=https://s3.example.org/x":        "has no endpoint",
		"s3://photos?endpoint=http://s3.example.org":           "without https",
		"s3://photos?endpoint=https://u:p@s3.example.org":      "has no endpoint",
		"s3://?endpoint=https://s3.example.org":                "names no bucket",
		"s3://Photos?endpoint=https://s3.example.org":          "names no bucket",
		"s3://a:b@photos?endpoint=https://s3.example.org":      "keys",
		"s3://photos/a%20b?endpoint=https://s3.example.org":    "in its path",
		"s3://photos/../x?endpoint=https://s3.example.org":     "in its path",
		"s3://photos?endpoint=https://s3.example.org&region=*": "no usable region",
		"s3://photos?endpoint=https://s3.example.org&acl=none": "has acl",
	} {
		_, err := config.Load(config.Sources{Flags: bucketFlags(media)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", media, err, want)
		}
	}
	flags := bucketFlags("s3://photos?endpoint=https://s3.example.org")
	delete(flags, "media_secret_key")
	_, err := config.Load(config.Sources{Flags: flags})
	var faults config.SettingErrors
	if !errors.As(err, &faults) || faults[0].Key != "media_secret_key" {
		t.Errorf("got %v", err)
	}
	flags["media_secret_key"] = secret + " " + secret
	if _, err := config.Load(config.Sources{Flags: flags}); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}
