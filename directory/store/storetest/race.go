//go:build race

package storetest

// Race says that the race detector runs.
const Race = true
