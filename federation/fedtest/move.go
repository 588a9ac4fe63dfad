package fedtest

import "slices"

// moved has everyone here who follows the signer follow the actor that it is now
// instead, if that one says so too when it is asked (P16).
func (s *Server) moved(d *Delivery) error {
	target := d.Activity.ID("target")
	if d.Object != d.Signer {
		return broke("P16", "%s moves %s", d.Signer, d.Object)
	}
	doc, err := s.fetchNamed(s.ctx, target)
	if err != nil {
		return err
	}
	if !slices.Contains(doc.IDs("alsoKnownAs"), d.Signer) {
		return broke("P16", "%s does not say that it is also known as %s", target, d.Signer)
	}
	s.mu.Lock()
	var followers []*Actor
	for _, a := range s.actors {
		if f := a.follows[d.Signer]; f != nil && f.state == Accepted {
			followers = append(followers, a)
		}
	}
	s.mu.Unlock()
	for _, a := range followers {
		s.work.Go(func() {
			a.Follow(target)
			a.Unfollow(d.Signer)
		})
	}
	return nil
}

// NewMove returns the Move of the actor to the target (F7).
func (a *Actor) NewMove(target string) Object {
	move := a.numbered("Move", "moves", a.ID, "")
	move["target"], move["to"] = target, []string{a.ID + "/followers"}
	return move
}
