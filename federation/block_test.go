package federation_test

import (
	"slices"
	"testing"

	"codeberg.org/commonage/commonage/directory/store"
	"codeberg.org/commonage/commonage/federation/fedtest"
)

// told returns how many deliveries of a type about a post came to a server that may
// be told, when the nth has come to one that surely is.
func (c *city) told(there, sure *fedtest.Server, kind, post string, n int) int {
	c.w.Helper()
	count := func(s *fedtest.Server) int {
		return len(slices.DeleteFunc(came(s, kind), func(d fedtest.Delivery) bool { return d.Object != post }))
	}
	c.until("word of "+post, func() bool { return count(sure) == n })
	c.sent()
	return count(there)
}

// TestBlocker: who blocks an initiative is told of nothing more, neither of what
// becomes of a post that came before nor by being named in one, until the block ends.
func TestBlocker(t *testing.T) {
	ends := map[string]func(c *city, gus *fedtest.Actor, id, block string){
		"a copy": func(c *city, gus *fedtest.Actor, id, _ string) { status(c.w, gus.Unblock(id), 202) },
		"its id": func(c *city, gus *fedtest.Actor, _, block string) { c.say(gus, gus.Activity("Undo", block)) },
		"Follow": func(c *city, gus *fedtest.Actor, id, _ string) { status(c.w, gus.Follow(id), 202) },
	}
	for name, end := range ends {
		t.Run(name, onEach(func(w *world, s *store.Store) {
			c, there, sure := w.city(s), w.server(fedtest.GoToSocial()), w.mastodon()
			id := c.publish("rad")
			gus := c.fan(there, "gus", id)
			c.fan(sure, "sue", id)
			post := c.post("rad", "Come and mend.")
			there.Await(w.Context(), about(post, "Create"))
			c.sent()
			block := gus.Activity("Block", id)
			c.say(gus, block)
			edit := func(text string) {
				w.Helper()
				if err := c.EditPost(w.Context(), post, text); err != nil {
					w.Fatal(err)
				}
			}
			edit("Come on Friday.")
			if c.told(there, sure, "Update", post, 1) != 0 {
				w.Error("an edit came to who had blocked it")
			}
			named := c.post("rad", "Thanks to "+gus.Handle())
			if c.told(there, sure, "Create", named, 1) != 0 {
				w.Error("a post that names who had blocked it came there")
			}
			if got := sure.Status(named); got == nil || len(got.Mentions) != 0 {
				w.Errorf("got %+v, want nobody named", got)
			}
			end(c, gus, id, block.String("id"))
			c.settle()
			edit("Thanks to " + gus.Handle())
			if c.told(there, sure, "Update", post, 2) != 1 {
				w.Error("nothing came after the block had ended")
			}
		}))
	}
}

// TestBlockerIsNotAlone: what goes to others at one's server goes there still.
func TestBlockerIsNotAlone(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		zed, bob := c.fan(there, "zed", id), there.Actor("bob")
		post := c.post("rad", "Come and mend.")
		there.Await(w.Context(), about(post, "Create"))
		status(w, bob.Like(post), 202)
		c.say(zed, zed.Activity("Block", id))
		if err := c.EditPost(w.Context(), post, "Come on Friday."); err != nil {
			w.Fatal(err)
		}
		there.Await(w.Context(), about(post, "Update"))
	})(t)
}

// TestBlockThatEndedBefore: a Block that its Undo overtook is of no effect.
func TestBlockThatEndedBefore(t *testing.T) {
	onEach(func(w *world, s *store.Store) {
		c, there := w.city(s), w.mastodon()
		id := c.publish("rad")
		zed := there.Actor("zed")
		c.fan(there, "bob", id)
		block := zed.Activity("Block", id)
		c.say(zed, zed.Activity("Undo", map[string]any(block)))
		c.say(zed, block)
		post := c.post("rad", "Thanks to "+zed.Handle())
		d := there.Await(w.Context(), about(post, "Create"))
		if cc := d.Activity.Object("object").IDs("cc"); !slices.Contains(cc, zed.ID) {
			w.Errorf("cc %v, without who blocks nobody", cc)
		}
	})(t)
}
