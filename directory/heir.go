package directory

// Heir is an entry of another instance that says it was an initiative of ours
// before: as one does that adopted it, or that only says so.
type Heir struct {
	Old string // id of ours
	ID  string
}
