package federation_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain lets more tests run side by side than there are processors: most of
// what they do is wait for each other's servers.
func TestMain(m *testing.M) {
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		if err := flag.Set(given.Name, "8"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	m.Run()
}

// The cases of the interoperability contract, by their ids there, and what each
// says; "make interop" prints them as a table.
func TestInterop(t *testing.T) {
	cases := []struct {
		id   string
		says string
		test func(*testing.T)
	}{
		{"WF1", "the WebFinger of a handle, raw or escaped and unsigned, leads to exactly the actor's id", wf1},
		{"WF2", "handles are found in any case, under one subject", wf2},
		{"WF3", "an actor's id and the address of its page give the same answer as its handle", wf3},
		{"WF4", "unknown 404, no resource 400, foreign 404, deleted 410, an outage 503", wf4},
		{"WF5", "handles of another domain: both hosts name one subject and one actor", wf5},
		{"WF6", "host-meta leads to WebFinger", wf6},
		{"WF7", "WebFinger of the host and NodeInfo lead to the Application actor, readable unsigned", wf7},
		{"WF8", "a peer's WebFinger without subject, link, id or end is refused and told to the admin", wf8},
		{"WF9", "where WebFinger is missing, host-meta is asked once", wf9},
		{"AC1", "ActivityPub or a page, as Accept says, always with Vary", ac1},
		{"AC2", "the actor document is complete, and all of it on one host", ac2},
		{"AC3", "lists of one are lists", ac3},
		{"AC4", "handles of any name are short, ASCII and unique", ac4},
		{"AC5", "a website is one rel=me link; the page claims none that was not verified", ac5},
		{"AC6", "an icon is a PNG, JPEG or WebP; of a drawing a PNG is made", ac6},
		{"AC7", "pages of actors and posts name their ActivityPub id, in a header and a link", ac7},
		{"AC8", "a withdrawn entry is 410 with a Tombstone, and its handle is never given again", ac8},
		{"AC9", "an actor whose id is not where it came from is fetched once more on its host, or refused", ac9},
		{"AC10", "an actor whose inbox or key is another's is refused", ac10},
		{"SG1", "draft-cavage in the order of Mastodon 4.7 and of 4.3", sg1},
		{"SG2", "a signed GET that covers accept", sg2},
		{"SG3", "hs2019 with (created) and (expires), and no algorithm at all", sg3},
		{"SG4", "keys with a document of their own, that their owner confirms", sg4},
		{"SG5", "a digest that is missing, uncovered, wrong or of another kind is 401, unread", sg5},
		{"SG6", "dates two hours off are 401, 50 minutes are not", sg6},
		{"SG7", "a signature with the query or without", sg7},
		{"SG8", "RFC 9421, and nothing less than all of it", sg8},
		{"SG9", "who answers 401 is tried with RFC 9421 at once, and remembered", sg9},
		{"SG10", "a changed key is fetched again once, and not for every bad signature", sg10},
		{"SG11", "our new key is told with the old one, which lives until all is delivered", sg11},
		{"H9", "the key of a followed directory changes if the old one vouches for it, or the operator", h9},
		{"SG12", "a server in secure mode and we read each other's keys without waiting", sg12},
		{"SG13", "a blocked host is 403 before anything is fetched", sg13},
		{"SG14", "of a key's server: 410 drops, a failure makes the sender try again", sg14},
		{"FO1", "a Follow has one Accept, whole, to the follower's own inbox", fo1},
		{"FO2", "a second Follow replaces the first and is accepted anew", fo2},
		{"FO3", "Undo of a Follow by its id, another id or the bare id", fo3},
		{"FO4", "a Follow in the shared inbox; of nobody or somebody gone", fo4},
		{"FO5", "a Follow that its actor did not sign is 401", fo5},
		{"FO6", "our Follow counts as accepted by any Accept of the one who was asked, and of nobody else", fo6},
		{"FO7", "two Rejects with one id are two", fo7},
		{"FO8", "Block and Reject end following both ways, and what waits is not sent", fo8},
		{"PO1", "a Note is public and complete, and is shown", po1},
		{"PO2", "an Event shows its name, when and where it is, and its address", po2},
		{"PO3", "at most four pictures, each with its size and alternative text", po3},
		{"PO4", "an edit is later than what it edits, also twice in a moment", po4},
		{"PO5", "a deletion reaches the followers and everyone else who got it, and leaves a Tombstone", po5},
		{"PO6", "a withdrawn entry deletes itself in every shared inbox known, signed, also days later", po6},
		{"PO7", "nobody creates, changes or deletes what is another's", po7},
		{"PO8", "likes and shares count once for each actor, and are undone", po8},
		{"PO9", "what we do not know is 202 and nothing else", po9},
		{"PO10", "a Flag comes before the moderators, without who sent it", po10},
		{"PO11", "an initiative moves with its followers, once a week", po11},
		{"DE1", "one POST for each shared inbox, one for each other, 50 a minute", de1},
		{"DE2", "what is final is not tried again; what is not is, with a new date and signature", de2},
		{"DE3", "after a week a host counts as unavailable, until it is heard of", de3},
		{"DE4", "an inbox that redirects is not followed", de4},
		{"DE5", "1 MiB is the limit; our requests have User-Agent and Content-Length", de5},
		{"DE6", "an inbox answers at once, with the work stored", de6},
		{"CO1", "followers in pages, each once", co1},
		{"CO2", "pinned posts and hashtags of a profile", co2},
		{"CO3", "a collection that never ends, goes in a circle or leaves its host is read to a bound", co3},
		{"NI1", "NodeInfo 2.0 and 2.1 as their schemas say, with true numbers, open to robots", ni1},
		{"SE1", "a document of another media type is refused", se1},
		{"SE2", "nothing inside a private network is dialled, whatever leads there", se2},
		{"SE3", "what an activity embeds of ours or a third one's is ignored", se3},
		{"SE4", "odd audiences, tags and lists do no harm and have nothing fetched", se4},
		{"SE5", "JSON too deep, too large, ambiguous or wrapped is refused", se5},
		{"SE6", "an activity that is sent again does nothing again", se6},
		{"SE7", "of foreign HTML only what is harmless is kept and shown", se7},
		{"RE1", "changes reach who follows a directory, and only its own count", re1},
		{"RE2", "who was away catches up by reading the log", re2},
		{"RE3", "an entry passed on counts with its origin's proof, else the origin is asked, or it is dropped", re3},
		{"RE4", "a person who follows a directory sees its news and nothing strange", re4},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			t.Attr("says", c.says)
			t.Parallel() // most of the time is waiting
			c.test(t)
		})
	}
}
