package fedtest

import "fmt"

// The media types that ActivityPub documents are sent as.
const (
	activityJSON = "application/activity+json"
	ldJSON       = `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
)

// Flavour is what differs between the servers that we meet. A test may change
// the fields of one to get a server that nobody wrote yet.
type Flavour struct {
	Software, Version string

	// How requests are signed (H1, H4, H5).
	Algorithm   string // of draft-cavage signatures
	GetCovered  []string
	PostCovered []string
	SignsFirst  Form // RFC9421: no draft-cavage unless refused (Fedify)
	SecondKnock bool // after 400 or 401, once more in the other form
	DropsQuery  bool // after 401, a GET once more with no query in its target
	SignsGET    bool // documents are fetched signed, by the instance actor
	HostPort    bool // Host has the port
	ContentType string
	Accept      string // for documents

	// What signed requests must be like (H2, H4, H6, H9).
	ReadsRFC9421 bool
	OnlyRFC9421  bool // draft-cavage is refused
	Secure       bool // GETs of documents need a signature too
	PinsKeys     bool // a key that changed without an Update is refused
	Strict       bool // GoToSocial's refusals: 406, 418, 422, 403

	// What its actors look like.
	SharedInbox bool
	NamesItself bool // webfinger in the document, and read there (W4)
	Aloof       bool // its instance actor rejects follows (F4)
	StubKeys    bool // key ids are paths with a document of their own (H5)
	ActorPath   func(name string, n int) string
	FollowPath  func(actorPath string, n int) string // "" for Mastodon's bare UUID

	// How it finds others.
	FingerAccept string
	FingerSigned bool // and its resource is escaped (W1)
	LastLink     bool // takes the last link of a JRD with an application type (W2)
	LoopsBack    bool // asks WebFinger of every actor that it meets (W4)
	ExactType    bool // compares the whole Content-Type (A7)
}

// Mastodon47 is Mastodon 4.7: numbered actor ids, draft-cavage first and
// RFC 9421 when that is refused.
func Mastodon47() Flavour {
	return Flavour{
		Software: "mastodon", Version: "4.7.0",
		Algorithm:   "rsa-sha256",
		GetCovered:  []string{"host", "date", "(request-target)"},
		PostCovered: []string{"host", "date", "digest", "content-type", "(request-target)"},
		SecondKnock: true, SignsGET: true, ReadsRFC9421: true,
		ContentType: activityJSON,
		Accept:      activityJSON + ", application/ld+json", // A7
		SharedInbox: true, NamesItself: true, Aloof: true, LoopsBack: true,
		ActorPath:    func(_ string, n int) string { return fmt.Sprintf("/ap/users/%d", 115000000000000000+n) },
		FingerAccept: "application/jrd+json, application/json",
	}
}

// Mastodon43 is Mastodon 4.3: named actor ids, draft-cavage only, and accept
// covered in a signed GET.
func Mastodon43() Flavour {
	f := Mastodon47()
	f.Version = "4.3.0"
	f.GetCovered = []string{"(request-target)", "host", "date", "accept"}
	f.PostCovered = []string{"(request-target)", "host", "date", "digest", "content-type"}
	f.SecondKnock, f.ReadsRFC9421, f.NamesItself = false, false, false
	f.ActorPath = func(name string, _ int) string { return "/users/" + name }
	return f
}

// GoToSocial signs hs2019 with a path as key id, has no shared inbox and wants
// every request signed.
func GoToSocial() Flavour {
	return Flavour{
		Software: "gotosocial", Version: "0.20.0",
		Algorithm:   "hs2019",
		GetCovered:  []string{"(request-target)", "host", "date"},
		PostCovered: []string{"(request-target)", "host", "date", "digest"},
		DropsQuery:  true, SignsGET: true, HostPort: true,
		ContentType: ldJSON,
		Accept:      ldJSON + "," + activityJSON,
		Secure:      true, PinsKeys: true, Strict: true, StubKeys: true,
		ActorPath:    func(name string, _ int) string { return "/users/" + name },
		FollowPath:   func(actor string, n int) string { return fmt.Sprintf("%s/follow/01F%023d", actor, n) },
		FingerAccept: "application/jrd+json,application/json",
		FingerSigned: true, LoopsBack: true,
	}
}

// Lemmy signs hs2019 with (created) and (expires), fetches unsigned and reads
// the links of a JRD from the end.
func Lemmy() Flavour {
	return Flavour{
		Software: "lemmy", Version: "0.19.0",
		Algorithm:   "hs2019",
		GetCovered:  []string{"(request-target)", "(created)", "(expires)", "host"},
		PostCovered: []string{"(request-target)", "(created)", "(expires)", "content-type", "digest", "host"},
		HostPort:    true, SharedInbox: true, LastLink: true, ExactType: true,
		ContentType:  activityJSON,
		Accept:       activityJSON,
		ActorPath:    func(name string, _ int) string { return "/u/" + name },
		FollowPath:   func(_ string, n int) string { return fmt.Sprintf("/activities/follow/%d", n) },
		FingerAccept: "application/jrd+json",
	}
}

// userAgent names the software in the words of each (D9).
func (s *Server) userAgent() string {
	if s.flavour.Software == "mastodon" {
		return fmt.Sprintf("Mastodon/%s (http.rb/5.3.1; +%s/)", s.flavour.Version, s.URL)
	}
	return fmt.Sprintf("%s/%s (+%s)", s.flavour.Software, s.flavour.Version, s.URL)
}
