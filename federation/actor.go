package federation

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/prose"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// actorRoute is how the actors under one path are told apart.
type actorRoute struct {
	id        func(r *http.Request) (string, error)
	followers handler
	following handler
}

// actors returns the paths that have an actor's inbox and followers.
func (s *Server) actors() map[string]actorRoute {
	fixed := func(id string, following handler) actorRoute {
		find := func(*http.Request) (string, error) { return id, nil }
		return actorRoute{id: find, followers: s.followers(find), following: following}
	}
	theDirectory := fixed(s.Instance.DirectoryID(), s.whileOpen(s.directoryFollowing))
	theDirectory.followers = s.whileOpen(theDirectory.followers)
	theDirectory.id = func(r *http.Request) (string, error) { return s.Instance.DirectoryID(), s.closed(r.Context()) }
	return map[string]actorRoute{
		"/actor":     fixed(s.Instance.ActorID(), nothing(s.Instance.ActorID()+"/following")),
		"/directory": theDirectory,
		"/initiatives/{handle}": {
			id: s.initiativeID, followers: s.followers(s.initiativeID),
			following: func(w http.ResponseWriter, r *http.Request) error {
				id, err := s.initiativeID(r)
				if err != nil {
					return err
				}
				return nothing(id+"/following")(w, r)
			},
		},
	}
}

func (s *Server) initiativeID(r *http.Request) (string, error) {
	i, err := s.initiative(r)
	if err != nil {
		return "", err
	}
	return i.ID, nil
}

// instanceActor serves the actor that signs our own fetches. It is served to
// everyone, signed or not, or two servers would wait for each other's key for
// ever (INTEROP H10).
func (s *Server) instanceActor(w http.ResponseWriter, _ *http.Request) error {
	document, err := s.provedBy(s.Instance.ActorID(), time.Time{})(vocab.InstanceActor(s.Instance, s.profile()))
	return writeActivity(w, document, err)
}

func (s *Server) directoryActor(w http.ResponseWriter, r *http.Request) error {
	since, err := s.Store.Closed(r.Context())
	if err != nil {
		return err
	}
	if !since.IsZero() {
		document, err := vocab.Tombstone(s.Instance.DirectoryID(), "Service", since)
		return gone(w, document, err)
	}
	document, err := s.provedBy(s.Instance.DirectoryID(), time.Time{})(vocab.DirectoryActor(s.Instance, s.profile()))
	return writeActivity(w, document, err)
}

func (s *Server) initiativeActor(w http.ResponseWriter, r *http.Request) error {
	i, err := s.initiative(r)
	if errors.Is(err, directory.ErrGone) {
		old, err := s.Store.Initiative(r.Context(), s.Instance.URL(r.URL.Path))
		if err != nil {
			return err
		}
		document, err := vocab.Tombstone(old.ID, "Organization", old.Updated)
		return gone(w, document, err)
	}
	if err != nil {
		return err
	}
	document, err := s.provedBy(i.ID, i.Updated)(s.initiativeDocument(i, s.profile()))
	return writeActivity(w, document, err)
}

// initiativeDocument returns the actor document of an own entry, without a proof.
func (s *Server) initiativeDocument(i *directory.Initiative, p vocab.Profile) (json.RawMessage, error) {
	p.Summary = introduction(i)
	return vocab.InitiativeActor(s.Instance, i, p)
}

// introduction is what other servers show as an initiative's profile text.
func introduction(i *directory.Initiative) string {
	out := ""
	if i.Summary != "" {
		out = "<p>" + html.EscapeString(i.Summary) + "</p>"
	}
	return out + prose.Markdown(i.Description)
}
