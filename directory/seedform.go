package directory

// SeedForm is a pattern that initiatives embody wherever they are: tool
// library, community land trust, time bank.
type SeedForm struct {
	Slug       string    // "tool-library"; part of addresses and of the protocol
	Name       string    // "Tool library"
	Plural     string    // "Tool libraries"
	Definition string    // one sentence: what it is
	Replaces   string    // what of the present economy it makes unnecessary
	Needs      string    // what it takes to start one
	Kinds      []Kind    // the likeliest first
	Currents   []Current // those it carries
	Synonyms   []string  // other names people search by, in any language
	// Names are those of them that are the form's in a language, by its code
	// (ISO 639); English has Name and Plural.
	Names map[string][]string
}
