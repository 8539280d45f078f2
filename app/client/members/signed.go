package members

import (
	"encoding/base64"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Signed is a signed entry with all that goes up with it. A client stores it before it sends it, because it cannot be taken back.
type Signed struct {
	Entry     *chain.Entry
	State     chain.State // after it
	Envelopes [][]byte    // that the entry names, and the log did not name before
	Policy    []byte
}

var encoding = base64.RawURLEncoding

// NewVault returns the request of an entry of Create.
func (s *Signed) NewVault() protocol.NewVaultRequest {
	return protocol.NewVaultRequest{Create: encoding.EncodeToString(s.Entry.Encode()), Envelope: encoding.EncodeToString(s.Envelopes[0])}
}

// Request returns the request of any other entry, and the parts to upload before it.
func (s *Signed) Request() (protocol.VaultEntryRequest, []protocol.EnvelopesRequest) {
	out := protocol.VaultEntryRequest{Entry: encoding.EncodeToString(s.Entry.Encode()), Policy: encoding.EncodeToString(s.Policy)}
	envelopes := make([]protocol.Signed, len(s.Envelopes))
	for i, e := range s.Envelopes {
		envelopes[i] = encoding.EncodeToString(e)
	}
	if len(envelopes) <= protocol.MaxEntryEnvelopes {
		out.Envelopes = envelopes
		return out, nil
	}
	var parts []protocol.EnvelopesRequest
	for part := range slices.Chunk(envelopes, protocol.MaxPartEnvelopes) {
		parts = append(parts, protocol.EnvelopesRequest{Part: int64(len(parts) + 1), Envelopes: part})
	}
	return out, parts
}
