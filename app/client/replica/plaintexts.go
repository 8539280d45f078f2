package replica

import (
	"sync"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// plaintexts holds what a change of the vault has opened or sealed, until it ends, so that it opens no record twice and none that
// it wrote.
type plaintexts struct {
	mu      sync.Mutex
	changes int // that run
	size    int
	known   map[sealedPlace][]byte
}

type sealedPlace struct {
	seal.RecordPlace
	token string
}

// maxPlaintexts bounds the memory for what was opened: a change may open every item.
const maxPlaintexts = MaxChangeBytes

// KeepPlaintexts begins a change, at whose end the caller calls the returned function: until then, nothing is opened twice.
func (v *Replica) KeepPlaintexts() (end func()) { return v.plain.keep() }

// keep makes add effective until the returned function is called.
func (p *plaintexts) keep() (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.changes--; p.changes == 0 {
			p.size, p.known = 0, nil
		}
	}
}

func (p *plaintexts) add(at seal.RecordPlace, token string, content []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes == 0 || p.size > maxPlaintexts {
		return
	}
	if p.known == nil {
		p.known = map[sealedPlace][]byte{}
	}
	p.size += len(content)
	p.known[sealedPlace{at, token}] = content
}

func (p *plaintexts) get(at seal.RecordPlace, token string) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	content, known := p.known[sealedPlace{at, token}]
	return content, known
}
