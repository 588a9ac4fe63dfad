package federation

// FEP is a Fediverse Enhancement Proposal that an instance follows.
type FEP struct {
	ID    string // such as "67ff"
	Title string
}

// FEPs lists the proposals that this program follows. NodeInfo names them, and
// FEDERATION.md says of each what is sent and what is read.
func FEPs() []FEP {
	return []FEP{
		{"67ff", "FEDERATION.md"},
		{"f1d5", "NodeInfo in Fediverse Software"},
		{"fe34", "Origin-based security model"},
		{"d556", "Server-Level Actor Discovery Using WebFinger"},
		{"2677", "Identifying the Application Actor"},
		{"2c59", "Discovery of a Webfinger address from an ActivityPub actor"},
		{"521a", "Representing actor's public keys"},
		{"8b32", "Object Integrity Proofs"},
		{"8a8e", "A common approach to using the Event object type"},
		{"5feb", "Search indexing consent for actors"},
		{"7628", "Move actor"},
	}
}

// fepIDs lists only what names the proposals.
func fepIDs() []string {
	var ids []string
	for _, f := range FEPs() {
		ids = append(ids, f.ID)
	}
	return ids
}
