package client

import (
	"fmt"
	"testing"

	"codeberg.org/commonage/commonage/federation/signature"
)

func TestFormMemoryIsBounded(t *testing.T) {
	var m formMemory
	for i := range 2 * maxForms {
		m.set(fmt.Sprintf("%d.example", i), signature.RFC9421)
	}
	if len(m.hosts) != maxForms {
		t.Errorf("got %d hosts, want %d", len(m.hosts), maxForms)
	}
	last := fmt.Sprintf("%d.example", 2*maxForms-1)
	if got := m.of(last); got != signature.RFC9421 {
		t.Errorf("got %v for the last host, want %v", got, signature.RFC9421)
	}
	m.set(last, signature.Cavage)
	if got := m.of(last); got != signature.Cavage {
		t.Errorf("got %v after forgetting, want %v", got, signature.Cavage)
	}
}
