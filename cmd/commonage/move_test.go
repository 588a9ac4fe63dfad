package main_test

import (
	"encoding/json"
	"testing"
)

// TestMove: an initiative moves between two instances that name each other's by
// their handles; who cannot move is told so before anybody is asked.
func TestMove(t *testing.T) {
	a, b := newCity(t, "a", onSQLite).start(), newCity(t, "b", onSQLite).start()
	a.do("initiative", "add", "--name", "Mill", "--form", "repair-cafe")
	mill := "http://" + a.host + "/initiatives/mill"

	const nowhere = "http://127.0.0.1:1/mill" // to ask there would fail
	a.do("initiative", "add", "--name", "Draft", "--form", "repair-cafe", "--draft")
	a.do("initiative", "add", "--name", "Gone", "--form", "repair-cafe")
	a.do("initiative", "withdraw", "gone")
	a.try("initiative", "move", "nobody", nowhere).wants(t, 1, "there is no initiative nobody here")
	a.try("initiative", "move", "draft", nowhere).wants(t, 1, "there is no initiative draft here")
	a.try("initiative", "move", "gone", nowhere).wants(t, 1, "initiative gone was withdrawn")

	b.try("initiative", "add", "--name", "New Mill", "--form", "repair-cafe", "--also-known-as", "@nobody@"+a.host).
		wants(t, 1, "--also-known-as", "nobody@"+a.host)
	b.try("initiative", "add", "--name", "New Mill", "--form", "repair-cafe", "--also-known-as", "mill").
		wants(t, 1, `--also-known-as: "mill" is neither a web address nor @handle@host`)
	b.do("initiative", "add", "--name", "New Mill", "--form", "repair-cafe", "--summary", "Turning.")
	a.try("initiative", "move", "mill", "@new_mill@"+b.host).wants(t, 1, "does not say that it is also known as "+mill)
	b.do("initiative", "edit", "new_mill", "--also-known-as", "@mill@"+a.host+",https://old.example/mill")
	var i struct {
		Summary     string
		AlsoKnownAs []string `json:"also_known_as"`
	}
	if err := json.Unmarshal([]byte(b.do("initiative", "show", "new_mill")), &i); err != nil {
		t.Fatal(err)
	}
	if len(i.AlsoKnownAs) != 2 || i.AlsoKnownAs[0] != mill || i.AlsoKnownAs[1] != "https://old.example/mill" || i.Summary != "Turning." {
		t.Errorf("got %+v", i)
	}
	a.try("initiative", "move", "@mill", "@new_mill@"+b.host).wants(t, 0, mill+" is now http://"+b.host+"/initiatives/new_mill")
	a.try("initiative", "move", "mill", nowhere).wants(t, 1, "it may move again a week after that")
}
