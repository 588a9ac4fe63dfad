package store

import (
	"context"
	"fmt"

	"codeberg.org/commonage/commonage/directory"
)

type blockRow struct {
	Subject string `db:"subject"`
	Kind    string `db:"kind"`
	Reason  string `db:"reason"`
	Created int64  `db:"created"`
}

// PutBlock writes a decision about a server or an actor, new or changed.
func (s *Store) PutBlock(ctx context.Context, b *directory.Block) error {
	return s.Tx(ctx, func(tx *Store) error {
		if _, err := tx.exec(ctx, "block "+b.Subject, `INSERT INTO blocks (subject, kind, reason, created) VALUES (?, ?, ?, ?)
			ON CONFLICT (subject) DO UPDATE SET kind = excluded.kind, reason = excluded.reason`,
			b.Subject, string(b.Kind), b.Reason, micros(b.Created)); err != nil {
			return err
		}
		_, err := tx.advance(ctx, blocksCounter, 1)
		return err
	})
}

// RemoveBlock takes a decision back, or fails with directory.ErrNotFound.
func (s *Store) RemoveBlock(ctx context.Context, subject string) error {
	return s.Tx(ctx, func(tx *Store) error {
		n, err := tx.exec(ctx, "block "+subject, `DELETE FROM blocks WHERE subject = ?`, subject)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("block %s: %w", subject, directory.ErrNotFound)
		}
		_, err = tx.advance(ctx, blocksCounter, 1)
		return err
	})
}

// Block returns the decision about exactly the subject, or directory.ErrNotFound.
func (s *Store) Block(ctx context.Context, subject string) (*directory.Block, error) {
	row, err := one[blockRow](ctx, s, "block "+subject,
		`SELECT subject, kind, reason, created FROM blocks WHERE subject = ?`, subject)
	if err != nil {
		return nil, err
	}
	return row.block(), nil
}

func (r *blockRow) block() *directory.Block {
	return &directory.Block{
		Subject: r.Subject, Kind: directory.BlockKind(r.Kind), Reason: r.Reason, Created: fromMicros(r.Created),
	}
}

// BlockList returns every decision, by subject.
func (s *Store) BlockList(ctx context.Context) ([]directory.Block, error) {
	rows, err := many[blockRow](ctx, s, "blocks", `SELECT subject, kind, reason, created FROM blocks ORDER BY subject`)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Block, len(rows))
	for k := range rows {
		out[k] = *rows[k].block()
	}
	return out, nil
}

// blocksCounter counts the changes of the decisions, so that who keeps them in
// memory sees from one number whether they still hold.
const blocksCounter = "blocks"

// blockMemory is the decisions as they were when the counter stood so.
type blockMemory struct {
	version int64
	blocks  *directory.Blocks
}

// Decisions returns a number that is another one after each change of the
// decisions.
func (s *Store) Decisions(ctx context.Context) (int64, error) { return s.counter(ctx, blocksCounter) }

// Blocks returns all decisions, ready to be asked. It costs one read of one row
// while nothing has changed, and sees what any process changed at once.
func (s *Store) Blocks(ctx context.Context) (*directory.Blocks, error) {
	version, err := s.counter(ctx, blocksCounter)
	if err != nil {
		return nil, err
	}
	return s.blocksAt(ctx, version)
}

// blocksAt is Blocks for who knows where the counter stands.
func (s *Store) blocksAt(ctx context.Context, version int64) (*directory.Blocks, error) {
	if known := s.blocks.Load(); known != nil && known.version == version {
		return known.blocks, nil
	}
	list, err := s.BlockList(ctx)
	if err != nil {
		return nil, err
	}
	blocks := directory.NewBlocks(list)
	if s.tx == nil { // what a transaction sees may yet be taken back
		s.blocks.Store(&blockMemory{version, blocks})
	}
	return blocks, nil
}
