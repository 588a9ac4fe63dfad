package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"codeberg.org/commonage/commonage/directory/search"
)

// setWords sets the column that PostgreSQL's text index is made of, if there is a
// document.
func (r *initiativeRow) setWords(d *search.Document) {
	if d != nil {
		r.Words = new(textVector(*d))
	}
}

// textWriter keeps SQLite's text index, a table of its own, in step with the
// rows of a transaction.
type textWriter struct {
	remove *sql.Stmt
	insert *sql.Stmt
}

func (s *Store) newTextWriter(ctx context.Context) (w *textWriter, err error) {
	w = &textWriter{}
	w.remove, err = s.tx.PrepareContext(ctx, `DELETE FROM initiative_text WHERE rowid = ?`)
	if err == nil {
		w.insert, err = s.tx.PrepareContext(ctx,
			`INSERT INTO initiative_text (rowid, name, forms, place, body, terms) VALUES (?, ?, ?, ?, ?, ?)`)
	}
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("prepare search text: %w", err)
	}
	return w, nil
}

// write indexes an entry, if there is a document.
func (w *textWriter) write(ctx context.Context, r *initiativeRow, d *search.Document) error {
	if _, err := w.remove.ExecContext(ctx, r.Num); err != nil {
		return fmt.Errorf("clear search text of %s: %w", r.ID, err)
	}
	if d == nil {
		return nil
	}
	if _, err := w.insert.ExecContext(ctx, r.Num, d.Name, d.Forms, d.Place, d.Body, d.Terms+" "+d.Stems); err != nil {
		return fmt.Errorf("write search text of %s: %w", r.ID, err)
	}
	return nil
}

// refreshText writes the text index again where an earlier program, which made
// other words of the same entries, wrote it. It takes minutes for a million.
func (s *Store) refreshText(ctx context.Context) error {
	const counter, batch = "document version", 500
	version, err := s.counter(ctx, counter)
	if err != nil || version >= search.DocumentVersion {
		return err
	}
	for last, more := int64(0), true; more; {
		err := s.Tx(ctx, func(tx *Store) error {
			rows, err := many[initiativeRow](ctx, tx, "entries", `SELECT `+initiativeColumns+` FROM initiatives
				WHERE num > ? ORDER BY num LIMIT ?`, last, batch)
			if err != nil {
				return err
			}
			more = len(rows) == batch
			if len(rows) > 0 {
				last = rows[len(rows)-1].Num
			}
			return tx.rewriteText(ctx, rows)
		})
		if err != nil {
			return fmt.Errorf("write the text index again: %w", err)
		}
	}
	_, err = s.exec(ctx, counter, `INSERT INTO counters (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, counter, search.DocumentVersion)
	return err
}

func (s *Store) rewriteText(ctx context.Context, rows []initiativeRow) error {
	var w *textWriter
	if !s.dialect.wordsColumn {
		var err error
		if w, err = s.newTextWriter(ctx); err != nil {
			return err
		}
		defer w.Close()
	}
	for k := range rows {
		r := &rows[k]
		i, err := r.initiative()
		if err != nil {
			return err
		}
		terms := strings.Join(search.Terms(i), " ")
		document := documentsOf([]PutEntry{{Initiative: i}})[0]
		if w != nil {
			if err := w.write(ctx, r, document); err != nil {
				return err
			}
			_, err = s.exec(ctx, "terms of "+i.ID, `UPDATE initiatives SET terms = ? WHERE num = ?`, terms, r.Num)
		} else {
			r.setWords(document)
			_, err = s.exec(ctx, "words of "+i.ID, `UPDATE initiatives SET terms = ?, words = CAST(? AS tsvector) WHERE num = ?`, terms, r.Words, r.Num)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close releases the statements.
func (w *textWriter) Close() {
	for _, s := range []*sql.Stmt{w.remove, w.insert} {
		if s != nil {
			s.Close() // the transaction's end tells of every fault that matters
		}
	}
}
