package protocol

// The paths of shared vaults. The others under PathVault serve personal and shared vaults alike.
const (
	PathVaults         = "/api/v1/vaults"
	PathVaultEnvelopes = "/api/v1/vaults/{vault}/envelopes"
)

// Limits of a shared vault.
const (
	MaxNewMembers    = 100      // that one log entry adds
	MaxEnvelopeParts = 10       // of one member: with MaxPartEnvelopes, as many envelopes as a vault has members
	MaxPartEnvelopes = 100      // of one EnvelopesRequest
	MaxEnvelopeBytes = 4 << 10  // of one envelope, in base64url: with room for a later format, as today's are under 2 KB
	MaxPolicyBytes   = 16 << 10 // of the policy of a vault, in base64url
)

// Role is what a member of a vault may do. Each may do what those before may.
type Role string

const (
	RoleReader  Role = "reader"
	RoleEditor  Role = "editor"  // writes items
	RoleManager Role = "manager" // adds and removes readers and editors, and names the vault
	RoleOwner   Role = "owner"
)

// NewVaultRequest creates a shared vault, whose only member is the caller. The client generates its ID; the server rejects one that was
// ever used. The same request again does nothing.
type NewVaultRequest struct {
	Create   Signed `json:"create"` // chain.Entry of chain.OpCreate
	Envelope Signed `json:"envelope"`
}

// SharedVaults lists the shared vaults of which the caller is a member, in ascending order of their IDs. The server says so: a client
// believes the log of each.
type SharedVaults struct {
	Vaults []SharedVault `json:"vaults"`
}

// SharedVault is a shared vault with the caller's role, and the numbers of its newest write and log entry.
type SharedVault struct {
	Vault    ID       `json:"vault"`
	Role     Role     `json:"role"`
	Revision Revision `json:"revision"`
	Sequence Sequence `json:"sequence"`
}

// EnvelopesRequest uploads envelopes for a log entry that has more than MaxEntryEnvelopes. They are one of the caller's parts, whose
// earlier envelopes they replace. They are dropped after 24 hours.
type EnvelopesRequest struct {
	//wire:schema {"minimum":1,"maximum":MaxEnvelopeParts}
	Part int64 `json:"part"`
	//wire:schema {"minItems":1,"maxItems":MaxPartEnvelopes}
	Envelopes []Signed `json:"envelopes"`
}
