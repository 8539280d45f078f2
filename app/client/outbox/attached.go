package outbox

import (
	"encoding/base64"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Attached is an attachment whose chunks the server has. The write that saves its item makes it live.
type Attached struct {
	ID     protocol.ID     `json:"id"`
	Chunks []protocol.Hash `json:"chunks"` // chain.HashChunk of each
}

// NewAttached returns the attachment with the hashes of its chunks.
func NewAttached(id chain.ID, chunks []chain.Hash) Attached {
	a := Attached{ID: id.String()}
	for _, h := range chunks {
		a.Chunks = append(a.Chunks, base64.RawURLEncoding.EncodeToString(h[:]))
	}
	return a
}

// put makes the attachment live, unless an earlier attempt did.
func (a Attached) put(r *replica.Replica, ch *replica.Change) error {
	id, err := chain.ParseID(a.ID)
	if err != nil {
		return err
	}
	if _, live := r.Attachment(id); live {
		return nil
	}
	var chunks []chain.Hash
	for _, text := range a.Chunks {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(b) != len(chain.Hash{}) {
			return fmt.Errorf("attachment %s: %w", a.ID, chain.ErrEncoding)
		}
		chunks = append(chunks, chain.Hash(b))
	}
	ch.Attach(id, chunks)
	return nil
}
