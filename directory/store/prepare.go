package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// usedStatements is how often each statement was used in a transaction, and those
// that were prepared for it. It ends with the transaction.
type usedStatements map[string]*usedStatement

type usedStatement struct {
	times    int
	prepared *sqlx.Stmt
}

const (
	prepareAt   = 3  // times that a statement is used
	maxPrepared = 64 // in one transaction
)

// prepared returns a statement ready for use when a transaction uses it again and
// again, as those do that act on many things: reading the text then takes longer
// than doing what it says. It returns nil for all others. The transaction closes it.
func (s *Store) prepared(ctx context.Context, query string) *sqlx.Stmt {
	if s.tx == nil {
		return nil
	}
	u, ok := s.used[query]
	if !ok {
		if len(s.used) >= maxPrepared {
			return nil
		}
		u = &usedStatement{}
		s.used[query] = u
	}
	if u.times++; u.times == prepareAt {
		// What cannot be prepared gives its error when it is used.
		u.prepared, _ = s.tx.PreparexContext(ctx, s.rebind(query)) //nolint:errcheck // see above
	}
	return u.prepared
}

// keptStatements are those of lookups that every request from other servers makes,
// prepared once on each connection for reading.
type keptStatements struct {
	mu   sync.Mutex
	list map[string]*sqlx.Stmt
}

// lookup is one for a query with a fixed text that is made again and again outside
// of transactions: SQLite's reading of the text takes longer than what it says.
func lookup[T any](ctx context.Context, s *Store, what, query string, args ...any) (*T, error) {
	if s.tx != nil || !s.dialect.separateReaders {
		return one[T](ctx, s, what, query, args...)
	}
	statement, err := s.kept.of(ctx, s, query) //nolint:sqlclosecheck // it is kept until the store is closed
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	var row T
	if err := found(what, statement.GetContext(ctx, &row, legal(args)...)); err != nil {
		return nil, err
	}
	return &row, nil
}

func (k *keptStatements) of(ctx context.Context, s *Store, query string) (*sqlx.Stmt, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if statement := k.list[query]; statement != nil {
		return statement, nil
	}
	statement, err := s.read.PreparexContext(ctx, s.rebind(query)) //nolint:sqlclosecheck // it is kept, and closed with the database
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	k.list[query] = statement
	return statement, nil
}
