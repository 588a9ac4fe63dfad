package config_test

import (
	"bytes"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/config"
)

const secret = "hunter2"

func TestSecretFile(t *testing.T) {
	path := write(t, "database", "postgres://u:"+secret+"@h/c\n")
	c := load(t, config.Sources{Environ: []string{"COMMONAGE_DATABASE_FILE=" + path}})
	if got, want := c.DatabaseDSN(), "postgres://u:"+secret+"@h/c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, e := range c.Redacted() {
		if e.Key == "database" && (e.Value != "postgres://u@h/c" || e.Source != "COMMONAGE_DATABASE_FILE") {
			t.Errorf("got %+v", e)
		}
	}

	_, err := config.Load(config.Sources{Environ: []string{"COMMONAGE_DATABASE_FILE=/missing"}})
	wantError(t, err, `database (COMMONAGE_DATABASE_FILE): "/missing" cannot be read: no such file or directory; use the path of a file that holds the value`)
	_, err = config.Load(config.Sources{Environ: []string{"COMMONAGE_DATABASE_FILE=" + path, "COMMONAGE_DATABASE=sqlite:a.db"}})
	wantError(t, err, `database (COMMONAGE_DATABASE) is also given by COMMONAGE_DATABASE_FILE; use one of the two`)
	_, err = config.Load(config.Sources{Environ: []string{"COMMONAGE_HOST_FILE=" + path}})
	wantError(t, err, `environment variable COMMONAGE_HOST_FILE is not a setting; did you mean COMMONAGE_HOST?`)
}

// TestSecretsStayHidden: no way of writing a database, right or wrong, gets its
// password printed.
func TestSecretsStayHidden(t *testing.T) {
	for _, database := range []string{
		"postgres://u:" + secret + "@h/c",
		"postgresql://u:" + secret + "@h:5432/c?sslmode=disable",
		"postgres://h/c?user=u&password=" + secret,
		"postgres://h/c?sslpassword=" + secret + "&sslmode=require",
		"postgres://h/c?%70assword=" + secret,
		"postgres://u:a/" + secret + "@h/c",
		"postgres://u:1/" + secret + "@h/c",
		"postgres://u:1?" + secret + "@h/c",
		"postgres://u:1#" + secret + "@h/c",
		"postgres://u:%zz" + secret + "@h/c",
		"postgres:u:" + secret + "@h/c",
		"postgress://u:" + secret + "@h/c",
		"mysql://u:" + secret + "@h/c",
		"host=h user=u password=" + secret,
	} {
		c, err := config.Load(config.Sources{Flags: map[string]string{"database": database}})
		var printed strings.Builder
		if err != nil {
			printed.WriteString(err.Error())
		} else {
			for _, e := range c.Redacted() {
				printed.WriteString(e.Value + e.TOML + "\n")
			}
		}
		if strings.Contains(printed.String(), secret) {
			t.Errorf("%s shows in\n%s", database, printed.String())
		}
		_, err = config.ParseFile("f", []byte("database = "+database+"\n")) // the quotes forgotten
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("without quotes: %v", err)
		}
	}
}

// TestFileHoldsSecret: the file that init writes has to work.
func TestFileHoldsSecret(t *testing.T) {
	c := load(t, config.Sources{Flags: map[string]string{"database": "postgres://u:" + secret + "@h/c"}})
	var file bytes.Buffer
	if err := c.WriteTOML(&file); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(file.String(), secret) {
		t.Errorf("the password is missing in\n%s", file.String())
	}
}
