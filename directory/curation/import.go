package curation

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
	"codeberg.org/commonage/commonage/directory/search"
	"codeberg.org/commonage/commonage/directory/store"
)

// ImportOptions say what an import does with what it reads.
type ImportOptions struct {
	Publish bool // make new entries public; else they are drafts
	DryRun  bool // read and compare everything, change nothing
	// Problem hears of each row that was left out and each warning, with the
	// line; it may be nil.
	Problem func(line int, err error)
	// Progress hears how many rows were handled, now and then; it may be nil.
	Progress func(rows int)
}

// ImportSummary counts what became of the rows of a file.
type ImportSummary struct {
	Rows      int
	Added     int
	Updated   int
	Unchanged int
	Withdrawn int // known here and withdrawn; left alone
	Repeated  int // the same id as an earlier row
	Bad       int // rows with an error
	Warnings  int
}

// importBatch is how many rows are one transaction: few enough that a server on
// the same database never waits long.
const importBatch = 250

// Import brings in the entries of a file. An entry that was imported before, by
// its source and its id there, is updated; what is equal stays untouched. A bad
// row is reported and skipped; the error is about the whole file or the
// database, and what was read before it is kept.
func (c *Curator) Import(ctx context.Context, rows iter.Seq2[*exchange.Record, error], o ImportOptions) (ImportSummary, error) {
	im := &importer{curator: c, options: o, seen: map[string]int{}, taken: map[string]bool{}, numbers: map[string]int{}}
	for record, err := range rows {
		if bad := new(exchange.RowError); errors.As(err, &bad) {
			im.summary.Rows++
			im.reject(bad.Line, bad)
			continue
		}
		if err != nil {
			return im.summary, errors.Join(err, im.flush(ctx))
		}
		im.take(record)
		if len(im.batch) == importBatch {
			if err := im.flush(ctx); err != nil {
				return im.summary, err
			}
		}
	}
	return im.summary, im.flush(ctx)
}

// importer is an import under way.
type importer struct {
	curator *Curator
	options ImportOptions
	summary ImportSummary
	batch   []*exchange.Record
	seen    map[string]int  // line of each source and id
	taken   map[string]bool // handles
	numbers map[string]int  // the last number given to a handle
}

func (im *importer) reject(line int, err error) {
	im.summary.Bad++
	im.report(line, err)
}

func (im *importer) report(line int, err error) {
	if im.options.Problem != nil {
		im.options.Problem(line, err)
	}
}

// warning words what was left out of a row. Where a line holds many entries, it
// says which.
func warning(r *exchange.Record, w exchange.Warning) error {
	invalid := &directory.Invalid{Field: w.Field, Text: w.Text}
	if r.Index >= r.Line {
		return fmt.Errorf("entry %d: %w", r.Index, invalid)
	}
	return invalid
}

// take puts a row into the batch unless an earlier one had its id.
func (im *importer) take(r *exchange.Record) {
	im.summary.Rows++
	for _, w := range r.Warnings {
		im.summary.Warnings++
		im.report(r.Line, warning(r, w))
	}
	i := r.Initiative
	i.Source.ExternalID = r.Key()
	key := i.Source.Name + "\x00" + i.Source.ExternalID
	if line, ok := im.seen[key]; ok {
		im.summary.Repeated++
		im.report(r.Line, directory.Invalidf("id", "%q is also that of line %d; the first one counts", i.Source.ExternalID, line))
		return
	}
	im.seen[key] = r.Line
	im.batch = append(im.batch, r)
}

// flush writes the batch in one transaction.
func (im *importer) flush(ctx context.Context) error {
	defer func() {
		im.batch = im.batch[:0]
		if im.options.Progress != nil {
			im.options.Progress(im.summary.Rows)
		}
	}()
	if len(im.batch) == 0 {
		return nil
	}
	before := im.summary
	err := im.curator.change(ctx, func(tx *store.Store) error {
		plan, err := im.plan(ctx, tx)
		if err != nil || im.options.DryRun {
			return err
		}
		return im.write(ctx, tx, plan)
	})
	if err != nil {
		im.summary = before
		return fmt.Errorf("import up to row %d: %w", im.summary.Rows, err)
	}
	return nil
}

// importPlan is what a batch changes.
type importPlan struct {
	entries []store.PutEntry
	fresh   []*directory.Initiative // among the entries, those newly public

	had, has []string // pictures of the entries before and after
}

// plan compares the batch with what is stored.
func (im *importer) plan(ctx context.Context, tx *store.Store) (*importPlan, error) {
	known, err := im.known(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := im.takenHandles(ctx, tx); err != nil {
		return nil, err
	}
	plan := &importPlan{}
	for _, r := range im.batch {
		old := known[r.Initiative.Source.Name+"\x00"+r.Initiative.Source.ExternalID]
		if old == nil {
			if err := im.nameHandle(ctx, tx, r.Initiative); err != nil {
				return nil, err
			}
		}
		im.planEntry(plan, r, old)
	}
	return plan, nil
}

// known returns the stored entries of the batch by source and id there.
func (im *importer) known(ctx context.Context, tx *store.Store) (map[string]*directory.Initiative, error) {
	bySource := map[string][]string{}
	for _, r := range im.batch {
		s := r.Initiative.Source
		bySource[s.Name] = append(bySource[s.Name], s.ExternalID)
	}
	all := map[string]*directory.Initiative{}
	for source, ids := range bySource {
		found, err := tx.InitiativesByExternalID(ctx, im.curator.instance.Host, source, ids)
		if err != nil {
			return nil, err
		}
		for id, i := range found {
			all[source+"\x00"+id] = i
		}
	}
	return all, nil
}

// planEntry decides what becomes of one row; old is the entry as stored, or nil.
func (im *importer) planEntry(plan *importPlan, r *exchange.Record, old *directory.Initiative) {
	i := r.Initiative
	published := im.options.Publish
	if old != nil {
		if old.State == directory.Withdrawn {
			im.summary.Withdrawn++
			return
		}
		if isAnother(i, old) {
			im.reject(r.Line, directory.Invalidf("id", "%q is that of %q here; give each file a source of its own (--source-name), so that they are told apart",
				i.Source.ExternalID, old.Name))
			return
		}
		i.Handle = old.Handle
		published = published || old.State == directory.Published
	}
	im.curator.complete(i, old)
	if err := i.Validate(); err != nil {
		im.reject(r.Line, err)
		return
	}
	i.State = directory.Draft
	if published {
		i.State = directory.Published
	}
	if old != nil && i.SameContent(old) && i.State == old.State {
		im.summary.Unchanged++
		return
	}
	entry := store.PutEntry{Initiative: i}
	switch {
	case i.State == directory.Draft:
	case old == nil || old.State == directory.Draft:
		entry.Change = directory.Added
		plan.fresh = append(plan.fresh, i)
	default:
		entry.Change = directory.Edited
	}
	if old == nil {
		im.summary.Added++
	} else {
		im.summary.Updated++
	}
	plan.entries = append(plan.entries, entry)
	plan.had = append(plan.had, im.curator.logoOf(old)...)
	plan.has = append(plan.has, im.curator.logoOf(i)...)
}

// isAnother reports whether an entry only seems to be one that is stored: both
// come from files that do not say whose they are, in which ids such as 1 mean
// nothing, and their names have no word in common.
func isAnother(i, old *directory.Initiative) bool {
	if i.Source.Name != "" || strings.Contains(i.Source.ExternalID, "://") || i.Handle == old.Handle {
		return false
	}
	words := search.Words(old.Name)
	return !slices.ContainsFunc(search.Words(i.Name), func(w string) bool { return slices.Contains(words, w) })
}

// write stores a plan. Introductions are pinned to be found, but not sent: an
// import of thousands would flood whoever follows the directory.
func (im *importer) write(ctx context.Context, tx *store.Store, plan *importPlan) error {
	if len(plan.entries) == 0 {
		return nil
	}
	if err := tx.PutInitiatives(ctx, plan.entries); err != nil {
		return err
	}
	for _, i := range plan.fresh {
		if err := tx.PutPost(ctx, im.curator.introduction(i)); err != nil {
			return err
		}
	}
	if err := im.curator.dropPictures(ctx, tx, plan.had, plan.has); err != nil {
		return err
	}
	return im.curator.queue(ctx, tx, PushJob, "", "")
}

// takenHandles adds to what is known to be taken the handles that the batch
// wants and somebody has.
func (im *importer) takenHandles(ctx context.Context, tx *store.Store) error {
	var wanted []string
	for _, r := range im.batch {
		if h := wantedHandle(r.Initiative); !im.taken[h] {
			wanted = append(wanted, h)
		}
	}
	taken, err := tx.TakenHandles(ctx, im.curator.instance.Host, wanted)
	if err != nil {
		return err
	}
	for _, h := range taken {
		im.taken[h] = true
	}
	return nil
}

func wantedHandle(i *directory.Initiative) string {
	if directory.ValidHandle(i.Handle) {
		return i.Handle
	}
	return exchange.Handle(i.Name)
}

// nameHandle gives a new entry a handle that nobody has: the one it wants, else
// that with a number.
func (im *importer) nameHandle(ctx context.Context, tx *store.Store, i *directory.Initiative) error {
	wanted := wantedHandle(i)
	i.Handle = wanted
	if im.taken[wanted] {
		if err := im.learnNumbered(ctx, tx, wanted); err != nil {
			return err
		}
	}
	for im.taken[i.Handle] {
		im.numbers[wanted]++
		i.Handle = exchange.Numbered(wanted, im.numbers[wanted])
	}
	im.taken[i.Handle] = true
	return nil
}

// learnNumbered adds the numbered forms of a handle that are taken, once.
func (im *importer) learnNumbered(ctx context.Context, tx *store.Store, wanted string) error {
	if im.numbers[wanted] > 0 {
		return nil
	}
	im.numbers[wanted] = 1
	const stem = 24 // what Numbered leaves of a long handle, whatever the number
	prefix := strings.TrimRight(wanted[:min(len(wanted), stem)], "_")
	handles, err := tx.HandlesLike(ctx, im.curator.instance.Host, prefix)
	if err != nil {
		return err
	}
	for _, h := range handles {
		im.taken[h] = true
	}
	return nil
}
