package federation

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/federation/vocab"
)

// webFinger answers who has a handle or an address here (RFC 7033, INTEROP W1
// to W8).
func (s *Server) webFinger(w http.ResponseWriter, r *http.Request) error {
	resource := r.URL.Query().Get("resource")
	if resource == "" {
		return refusef(http.StatusBadRequest, "the parameter resource is missing")
	}
	handle, err := s.handleOf(resource)
	if err != nil {
		return err
	}
	id, err := s.actorByHandle(r.Context(), handle)
	if err != nil {
		return err
	}
	document, err := vocab.WebFinger(s.Instance, handle, id)
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return write(w, vocab.ContentTypeJRD, document)
}

// handleOf reads the handle that a resource means: acct:HANDLE@HOST, an actor's
// id, the address of its page, or the instance itself.
func (s *Server) handleOf(resource string) (string, error) {
	if account, ok := strings.CutPrefix(resource, "acct:"); ok {
		account = strings.ToLower(strings.TrimPrefix(account, "@"))
		handle, domain, found := strings.Cut(account, "@")
		if !found || handle == "" {
			return "", refusef(http.StatusBadRequest, "resource %q is not acct:user@host", resource)
		}
		if !s.Instance.IsCalled(domain) {
			return "", refusef(http.StatusNotFound, "%s is not served here", domain)
		}
		if s.Instance.IsCalled(handle) {
			handle = s.instanceHandle()
		}
		return handle, nil
	}
	u, err := url.Parse(resource)
	if err != nil || u.Host == "" {
		return "", refusef(http.StatusBadRequest, "resource %q is neither acct:user@host nor an address", resource)
	}
	if !strings.EqualFold(u.Host, s.Instance.Host) {
		return "", refusef(http.StatusNotFound, "%s is not served here", u.Host)
	}
	switch path := strings.TrimSuffix(u.Path, "/"); path {
	case "", "/actor":
		return s.instanceHandle(), nil
	case "/directory":
		return directory.DirectoryHandle, nil
	default:
		handle, _ := strings.CutPrefix(path, "/initiatives/")
		handle = strings.ToLower(handle)
		if name, domain, found := strings.Cut(handle, "@"); found && s.Instance.IsCalled(domain) {
			handle = name
		}
		return handle, nil
	}
}

// instanceHandle returns the handle of the instance actor, which is named after
// what stands in handles.
func (s *Server) instanceHandle() string { return strings.ToLower(s.Instance.Domain()) }

// actorByHandle returns the id of the actor with the handle, or why there is
// none.
func (s *Server) actorByHandle(ctx context.Context, handle string) (string, error) {
	switch handle {
	case s.instanceHandle():
		return s.Instance.ActorID(), nil
	case directory.DirectoryHandle:
		return s.Instance.DirectoryID(), s.closed(ctx)
	}
	if !directory.ValidHandle(handle) {
		return "", refusef(http.StatusNotFound, "nobody here is called %q", handle)
	}
	i, err := s.ownActor(ctx, s.Store, handle)
	if err != nil {
		return "", err
	}
	return i.ID, nil
}

func (s *Server) hostMeta(w http.ResponseWriter, _ *http.Request) error {
	document, err := vocab.HostMeta(s.Instance)
	if err != nil {
		return err
	}
	return write(w, vocab.ContentTypeXRD, document)
}

func (s *Server) hostMetaJSON(w http.ResponseWriter, _ *http.Request) error {
	document, err := vocab.HostMetaJSON(s.Instance)
	if err != nil {
		return err
	}
	return write(w, vocab.ContentTypeJRD, document)
}

func (s *Server) nodeInfoLinks(w http.ResponseWriter, _ *http.Request) error {
	document, err := vocab.NodeInfoLinks(s.Instance)
	if err != nil {
		return err
	}
	return write(w, vocab.ContentTypeJSON, document)
}

func (s *Server) nodeInfo(w http.ResponseWriter, r *http.Request) error {
	version := chi.URLParam(r, "version")
	if version != "2.0" && version != "2.1" {
		return refusef(http.StatusNotFound, "NodeInfo %q is not served; 2.0 and 2.1 are", version)
	}
	node, err := s.node(r.Context())
	if err != nil {
		return err
	}
	document, err := vocab.NodeInfo(s.Instance, version, node)
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return write(w, vocab.NodeInfoType(version), document)
}

// node counts what NodeInfo tells. Users are those who can publish here: the
// initiatives.
func (s *Server) node(ctx context.Context) (vocab.Node, error) {
	own, err := s.Store.Count(ctx, search.Query{Origins: []string{s.Instance.Host}})
	if err != nil {
		return vocab.Node{}, err
	}
	all, err := s.Store.Count(ctx, search.Query{})
	if err != nil {
		return vocab.Node{}, err
	}
	posts, err := s.Store.CountPosts(ctx, "")
	if err != nil {
		return vocab.Node{}, err
	}
	closed, err := s.Store.Closed(ctx)
	if err != nil {
		return vocab.Node{}, err
	}
	return vocab.Node{
		Version: s.Version, Repository: Repository, Users: own, Posts: posts, Initiatives: own, Carried: all - own,
		FEPs: fepIDs(), Peering: s.Peering, Unlisted: s.Unlisted, Closed: closed,
	}, nil
}

// Repository is where the program's source is.
const Repository = "https://codeberg.org/commonage/commonage"

func (s *Server) commonsContext(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	return write(w, "application/ld+json", vocab.CommonsContext())
}
