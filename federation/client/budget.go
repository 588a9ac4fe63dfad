package client

import (
	"context"
	"sync/atomic"
)

type budgetKey struct{}

// WithBudget returns a context in which at most so many requests are made, each
// redirect and each second try counted: what one thing that came in makes us
// fetch must have an end, whatever it leads to (INTEROP S10). A request beyond it
// fails with an InvalidError.
func WithBudget(ctx context.Context, requests int) context.Context {
	left := new(atomic.Int64)
	left.Store(int64(requests))
	return context.WithValue(ctx, budgetKey{}, left)
}

// spend takes one request from the context's budget, if it has one.
func spend(ctx context.Context, address string) error {
	left, ok := ctx.Value(budgetKey{}).(*atomic.Int64)
	if ok && left.Add(-1) < 0 {
		return &InvalidError{URL: address, Reason: "too many requests lead there"}
	}
	return nil
}
