package directory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
)

func TestInstance(t *testing.T) {
	in := directory.Instance{Host: "Ghent.localhost:8001", Scheme: "http"}
	for _, test := range [][2]string{
		{in.InitiativeID("rad"), "http://Ghent.localhost:8001/initiatives/rad"},
		{in.DirectoryID(), "http://Ghent.localhost:8001/directory"},
		{in.ActorID(), "http://Ghent.localhost:8001/actor"},
		{in.Handle(in.InitiativeID("rad")), "rad"},
		{in.Handle(in.InitiativeID("Rad")), ""},
		{in.Handle(in.InitiativeID("rad/posts/1")), ""},
		{in.Handle(in.InitiativeID("rad?x")), ""},
		{in.Handle(in.InitiativeID("")), ""},
		{in.Handle("https://Ghent.localhost:8001/initiatives/rad"), ""},
		{in.Handle("http://other.example/initiatives/rad"), ""},
	} {
		if test[0] != test[1] {
			t.Errorf("got %q, want %q", test[0], test[1])
		}
	}
	for iri, want := range map[string]bool{
		"http://ghent.localhost:8001/x": true, "https://GHENT.localhost:8001": true, "http://ghent.localhost/x": false,
		"http://ghent.localhost:8001.evil.example/": false, "http://ghent.localhost:8001@evil.example/": false, "": false,
	} {
		if got := in.Owns(iri); got != want {
			t.Errorf("owns %s: %v, want %v", iri, got, want)
		}
	}
}

func TestHostOf(t *testing.T) {
	for iri, want := range map[string]string{
		"https://Ghent.Example/x?y#z": "ghent.example", "http://a.example:8001": "a.example:8001", "HTTPS://[::1]:80/": "[::1]:80",
		"https://user:pass@a.example/": "a.example", "": "", "a.example": "", "ftp://a.example": "", "https:///x": "", "mailto:a@b.example": "",
		"https://a b.example/": "", "https://a.example\x00/": "", "acct:a@b.example": "", "//a.example/x": "",
	} {
		if got := directory.HostOf(iri); got != want {
			t.Errorf("HostOf(%q) = %q, want %q", iri, got, want)
		}
	}
}

func TestValidateURL(t *testing.T) {
	for s, want := range map[string]bool{
		"https://a.example": true, "http://a.example:80/b?c#d": true, "https://bücher.example/": true,
		"": false, "a.example": false, "//a.example": false, "/x": false, "javascript:x": false, "https://": false,
		"https://me@a.example": false, "https://me:secret@a.example/": false, "https://a.example/\n": false, "data:text/html,x": false,
		"https://a.example/" + strings.Repeat("x", directory.MaxURL): false,
	} {
		if err := directory.ValidateURL("links", s); (err == nil) != want {
			t.Errorf("ValidateURL(%.40q) = %v, want valid: %v", s, err, want)
		}
	}
}

func FuzzHostOf(f *testing.F) {
	for _, s := range []string{"https://Ghent.example/x", "http://[::1]:80", "https://a@b", "\xff", "https://\u212a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, iri string) {
		host := directory.HostOf(iri)
		if host == "" {
			return
		}
		if !utf8.ValidString(host) || strings.ContainsAny(host, "/@?# ") || host != strings.ToLower(host) {
			t.Fatalf("HostOf(%q) = %q", iri, host)
		}
		if again := directory.HostOf("https://" + host + "/"); again != host {
			t.Fatalf("HostOf(%q) = %q, whose own host is %q", iri, host, again)
		}
	})
}

func TestWords(t *testing.T) {
	for s, want := range map[string]directory.Kind{
		"": "", "urban": directory.Urban, "\tUrban\n": directory.Urban, "digital-knowledge": directory.Knowledge,
		"Traditional-Natural": directory.Natural,
	} {
		if got, err := directory.ParseKind("kind", s); got != want || err != nil {
			t.Errorf("ParseKind(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	_, err := directory.ParseWord("role", "boss", directory.Roles())
	var invalid *directory.Invalid
	if !errors.As(err, &invalid) || invalid.Field != "role" || !strings.Contains(err.Error(), "partner-institution") {
		t.Errorf("an unknown role: got %v, want the words that are known", err)
	}
	for name, distinct := range map[string]bool{
		"kinds": isSet(directory.Kinds()), "roles": isSet(directory.Roles()), "currents": isSet(directory.Currents()), "scopes": isSet(directory.Scopes()),
		"statuses": isSet(directory.Statuses()), "precisions": isSet(directory.Precisions()), "user roles": isSet(directory.UserRoles()),
	} {
		if !distinct {
			t.Errorf("%s: a word is empty, not in lower case or there twice", name)
		}
	}
}

func isSet[T ~string](words []T) bool {
	for k, w := range words {
		if w == "" || strings.ToLower(string(w)) != string(w) || slices.Contains(words[:k], w) {
			return false
		}
	}
	return len(words) > 0
}

func TestUser(t *testing.T) {
	for _, test := range []struct {
		user  directory.User
		field string
	}{
		{directory.User{Name: "eva", Role: directory.Admin}, ""},
		{directory.User{Name: "eva", Contact: "@eva@m.example", Role: directory.Editor}, ""},
		{directory.User{Name: "eva", Contact: "eva@m.example"}, ""},
		{directory.User{Name: "eva", Contact: "https://eva.example/contact"}, ""},
		{directory.User{Name: "Eva"}, "name"},
		{directory.User{}, "name"},
		{directory.User{Name: "eva", Contact: "call me"}, "contact"},
		{directory.User{Name: "eva", Contact: "javascript:x"}, "contact"},
		{directory.User{Name: "eva", Role: "boss"}, "role"},
	} {
		err := test.user.Validate()
		var invalid *directory.Invalid
		if got := errors.As(err, &invalid); got != (test.field != "") || got && invalid.Field != test.field {
			t.Errorf("%+v: got %v, want a fault of %q", test.user, err, test.field)
		}
	}
}

func TestPostRules(t *testing.T) {
	for _, test := range []struct {
		post  directory.Post
		field string
	}{
		{directory.Post{Text: strings.Repeat("é", directory.MaxPost)}, ""},
		{directory.Post{Text: "x", Attachments: make([]directory.Attachment, directory.MaxAttachments)}, ""},
		{directory.Post{}, "text"},
		{directory.Post{Text: "\u00a0\n"}, "text"},
		{directory.Post{Text: strings.Repeat("é", directory.MaxPost+1)}, "text"},
		{directory.Post{Text: "x", Attachments: make([]directory.Attachment, directory.MaxAttachments+1)}, "image"},
		{directory.Post{Text: "x", Attachments: []directory.Attachment{{Alt: strings.Repeat("é", directory.MaxAlt+1)}}}, "alt"},
	} {
		err := test.post.Validate()
		var invalid *directory.Invalid
		if got := errors.As(err, &invalid); got != (test.field != "") || got && invalid.Field != test.field {
			t.Errorf("%.30v: got %v, want a fault of %q", test.post, err, test.field)
		}
	}
}

func TestDeliveryInbox(t *testing.T) {
	a := directory.RemoteActor{Inbox: "https://a.example/u/inbox", SharedInbox: "https://a.example/inbox"}
	if got := a.DeliveryInbox(); got != a.SharedInbox {
		t.Errorf("got %s, want the shared one", got)
	}
	a.SharedInbox = ""
	if got := a.DeliveryInbox(); got != a.Inbox {
		t.Errorf("got %s, want its own", got)
	}
}
