package client

import (
	"sync"

	"codeberg.org/commonage/commonage/federation/signature"
)

// maxForms is how many hosts are remembered; forgetting one costs a request.
const maxForms = 4096

// formMemory remembers the hosts that want RFC 9421. All others get cavage,
// which is what every server reads.
type formMemory struct {
	mu    sync.Mutex
	hosts map[string]struct{}
}

func (m *formMemory) of(host string) signature.Form {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, found := m.hosts[host]; found {
		return signature.RFC9421
	}
	return signature.Cavage
}

func (m *formMemory) set(host string, form signature.Form) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if form == signature.Cavage {
		delete(m.hosts, host)
		return
	}
	if m.hosts == nil {
		m.hosts = make(map[string]struct{})
	}
	if len(m.hosts) >= maxForms {
		for any := range m.hosts {
			delete(m.hosts, any)
			break
		}
	}
	m.hosts[host] = struct{}{}
}

func other(form signature.Form) signature.Form {
	if form == signature.Cavage {
		return signature.RFC9421
	}
	return signature.Cavage
}
