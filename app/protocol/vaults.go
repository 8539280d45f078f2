package protocol

// The paths of users and vaults. {vault} and {id} are IDs, {chunk} is a number from 1.
const (
	PathUsers            = "/api/v1/users"
	PathAccountEntry     = "/api/v1/account/entry"
	PathVault            = "/api/v1/vaults/{vault}"
	PathVaultWrites      = "/api/v1/vaults/{vault}/writes"
	PathVaultEntries     = "/api/v1/vaults/{vault}/entries"
	PathVaultResend      = "/api/v1/vaults/{vault}/resend"
	PathVaultHistory     = "/api/v1/vaults/{vault}/history"
	PathVaultTokens      = "/api/v1/vaults/{vault}/tokens"
	PathVaultAttachments = "/api/v1/vaults/{vault}/attachments"
	PathVaultChunk       = "/api/v1/vaults/{vault}/attachments/{id}/{chunk}"
)

// Limits of signed objects, which are those of package chain in their one encoding.
const (
	MaxSignedBytes     = 256 << 10 // of one signed object, encoded and in base64url: a log entry with 1,000 members
	MaxOperationsBytes = 160 << 10 // of the operations of a write, in base64url
	MaxIdentityBytes   = 64 << 10  // of a sealed identity
	MaxWraps           = 64        // ways to unlock an account
	MaxEntryEnvelopes  = 20        // that come with a log entry
	MaxHistoryWrites   = 200       // of one VaultHistory
	MaxHistoryTokens   = 200       // of one TokensRequest
)

// Signed is an encoded object of package chain, base64url without padding.
//
//wire:schema {"maxLength":MaxSignedBytes,"pattern":"^[A-Za-z0-9_-]+$","examples":["AqvN7xI0VniQq83vEjRWeJA"]}
type Signed = string

// Operations are the operations of a write, encoded as chain.EncodeOperations does, base64url without padding.
//
//wire:schema {"maxLength":MaxOperationsBytes,"pattern":"^[A-Za-z0-9_-]+$","examples":["AqvN7xI0VniQq83vEjRWeJA"]}
type Operations = string

// Epoch counts the keys of a vault, from 1.
//
//wire:schema {"minimum":1,"maximum":4294967295}
type Epoch = int64

// Sequence counts the entries of a vault's log, from 0. −1 is the state before the first.
//
//wire:schema {"minimum":-1}
type Sequence = int64

// Cost is a step of the key derivation. Steps only rise, and their cost is fixed: see the format's description.
//
//wire:schema {"minimum":1,"maximum":3}
type Cost = int

// PasswordKDF says how a password is turned into a key. It is the same kind of answer for known and unknown users.
type PasswordKDF struct {
	Salt   ID         `json:"salt"`
	Cost   Cost       `json:"cost"`
	Change *KDFChange `json:"change,omitempty"` // if PreloginRequest.Known is in the log, and not the newest entry
	// Replaced says that the vault of PreloginRequest.Known is not that of a user with this name: the account was deleted, and the name may
	// have been registered again.
	Replaced bool `json:"replaced,omitempty"`
}

// KnownEntry names a personal vault, an entry of its log, and the revision that a device remembers. Strangers cannot guess any of it.
type KnownEntry struct {
	Vault    ID       `json:"vault"`
	Entry    Hash     `json:"entry"`
	Revision Revision `json:"revision"`
}

// KDFChange proves that the user changed salt or cost: the document has them, and the log signs it. Log begins with the first entry, and
// its writes lead to KnownEntry.Revision.
type KDFChange struct {
	Document Signed   `json:"document"`
	Log      VaultLog `json:"log"`
}

// AccountKeys is what the newest account entry signs: the server can replace none of it.
type AccountKeys struct {
	Document Signed       `json:"document"` // chain.Document
	Identity Token        `json:"identity"` // sealed under the account key
	Wraps    []SmallToken `json:"wraps"`    // the wrapped account keys, in the order of the document
}

// VaultLog is the part of a vault's history that a client asked for. The server answers it from one state of the vault.
type VaultLog struct {
	// Revision and Sequence are those of the newest write and entry. Head is the hash of that write, or of the first entry before any, and
	// Entry is the hash of that entry. They are not signed: a client that remembers more, another write or another entry knows from them
	// that the server has another vault.
	Revision Revision `json:"revision"`
	Sequence Sequence `json:"sequence"`
	Head     Hash     `json:"head"`
	Entry    Hash     `json:"entry"`
	Entries  []Signed `json:"entries"` // chain.Entry, in ascending order, without a gap, up to the newest
	// Writes are chain.Write on the path from the newest write down to the revision that the client named, without it: see chain.Path.
	// The path leads through each revision that Entries name. With Branch, it leads further: see there.
	Writes []Signed `json:"writes"`
	// Cards are chain.Card: all that are needed to check the signatures of Entries and of the newest write, with the cards between two
	// of one user.
	Cards []Signed `json:"cards"`
	// Envelope is that of the caller in the newest entry. Empty if Entries is empty, and for a former member.
	Envelope Signed `json:"envelope,omitempty"`
	// Policy is the annex of the newest entry of a shared vault. Empty if Entries is empty, and if the vault has none.
	//wire:schema {"maxLength":MaxPolicyBytes}
	Policy Signed `json:"policy,omitempty"`
	// More says that the log of a shared vault is too long for one answer. Entries end early, the answer is of the state that the last of
	// them names, without records, and the client asks again from there.
	More bool `json:"more,omitempty"`
	// Branch is there if the write that the client named is not in this history, but on a branch that was brought together with it.
	Branch *VaultBranch `json:"branch,omitempty"`
}

// VaultBranch leads a client from a branch to the history of the vault. With VaultLog.Writes and Entries it is chain.Branches: Writes
// there lead from the newest write through Join and Common + 1 down to Common, and on along the skip chain of Common.
type VaultBranch struct {
	Common Revision `json:"common"` // the newest that the branch and the vault have in common
	Join   Revision `json:"join"`   // of the write that brought them together
	// Writes lead from the end of the branch to the write that the client named, and on down to Common through Common + 1.
	Writes []Signed `json:"writes"`
}

// MaxBranchWrites is how many writes a branch may have. MaxBranchDepth is how many the vault may have since the common one.
const (
	MaxBranchWrites = 1000
	MaxBranchDepth  = 10_000
)

// BranchWrite is one write of a branch.
type BranchWrite struct {
	Write      Signed     `json:"write"`
	Operations Operations `json:"operations"`
}

// AccountEntry changes what an account entry signs: the password, the phrase, the account key, or the card.
type AccountEntry struct {
	Keys     AccountKeys `json:"keys"`
	Entry    Signed      `json:"entry"`              // chain.Entry of chain.OpAccount
	Card     Signed      `json:"card,omitempty"`     // the new card, if the entry names one
	Envelope Signed      `json:"envelope,omitempty"` // of the new epoch key, if the entry names one
	// AuthKey and RecoveryAuthKey are required exactly if the document names others than before.
	AuthKey         AuthKey `json:"auth_key,omitempty"`
	RecoveryAuthKey AuthKey `json:"recovery_auth_key,omitempty"`
}

// NewUserRequest creates an account with its personal vault, and its first session. The client generates the IDs of user and vault;
// the server rejects one that was ever used.
type NewUserRequest struct {
	Invitation      *Invitation      `json:"invitation,omitempty"` // optional only where registration is open
	Answer          Hash             `json:"answer,omitempty"`     // to the offer of the invitation, which it needs
	Card            Signed           `json:"card"`                 // of generation 1, with user ID and username
	Create          Signed           `json:"create"`               // the first log entry of the personal vault
	Account         Signed           `json:"account"`              // the second
	Envelope        Signed           `json:"envelope"`
	Keys            AccountKeys      `json:"keys"`
	AuthKey         AuthKey          `json:"auth_key"`
	RecoveryAuthKey AuthKey          `json:"recovery_auth_key"`
	Device          Device           `json:"device"`
	Transport       SessionTransport `json:"transport"`
}

// UserAccount is what a session may read about its user. The log of the vault signs Keys.
type UserAccount struct {
	Username    Username    `json:"username"` // in canonical form
	UserID      ID          `json:"user_id"`
	Vault       ID          `json:"vault"` // the personal vault
	Keys        AccountKeys `json:"keys"`
	TOTPEnabled bool        `json:"totp_enabled"`
	SessionID   SessionID   `json:"session_id"` // of the current session, as in Session.ID
	// Administrator says which screens and commands to offer. The server decides each request on its own.
	Administrator bool `json:"administrator"`
}

// UserSession answers registration, login and recovery.
type UserSession struct {
	//wire:schema {"minLength":1,"examples":["9f86d081884c7d659a2feaa0c55ad015"]}
	Token   string      `json:"token,omitempty"` // only for SessionBearer
	Account UserAccount `json:"account"`
}

// AccountEntryRequest proves the master password again. Every other session ends if the password or the account key changes.
type AccountEntryRequest struct {
	CurrentAuthKey AuthKey      `json:"current_auth_key"`
	Change         AccountEntry `json:"change"`
	// SamePassword says that the auth key is new only because the cost of its derivation rises. The other sessions stay.
	SamePassword bool `json:"same_password,omitempty"`
}

// PhraseProof proves the recovery phrase. After and Revision say what the device remembers of the personal vault. A device without
// memory sends −1 and 0.
type PhraseProof struct {
	Username        Username `json:"username"`
	RecoveryAuthKey AuthKey  `json:"recovery_auth_key"`
	After           Sequence `json:"after"`
	Revision        Revision `json:"revision"`
}

// PhraseOpened holds what a client needs to sign a new account entry with the recovery phrase. It creates no session.
type PhraseOpened struct {
	UserID      ID          `json:"user_id"`
	Vault       ID          `json:"vault"`
	Keys        AccountKeys `json:"keys"`
	Log         VaultLog    `json:"log"`
	TOTPEnabled bool        `json:"totp_enabled"`
}

// PhraseEntryRequest changes the account with the phrase, which stands in for the password and the second factor. All sessions end
// and a new one begins. RemoveTOTP also disables the second factor.
type PhraseEntryRequest struct {
	Username        Username         `json:"username"`
	RecoveryAuthKey AuthKey          `json:"recovery_auth_key"`
	Change          AccountEntry     `json:"change"`
	RemoveTOTP      bool             `json:"remove_totp"`
	Device          Device           `json:"device"`
	Transport       SessionTransport `json:"transport"`
}

// RecordKind is the kind of a sealed record of a vault.
type RecordKind string

const (
	RecordOverview RecordKind = "overview" // what lists and search need of an item
	RecordDetails  RecordKind = "details"  // the rest; older versions are the item's history
	RecordVault    RecordKind = "vault"    // the name of the vault
	// The rest is in personal vaults only.
	RecordPin        RecordKind = "pin"
	RecordPasskey    RecordKind = "passkey"
	RecordInvitation RecordKind = "invitation"
	RecordGrant      RecordKind = "grant"
	// RecordAttachment is not a sealed record: its chunks are sealed one by one.
	RecordAttachment RecordKind = "attachment"
)

// Hash is a SHA-256 hash, base64url without padding.
//
//wire:schema {"pattern":"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$","examples":["BRAbJjE8R1JdaHN-iZSfqrXAy9bh7PcCDRgjLjlET1o"]}
type Hash = string

// VaultRecord is a live line of a vault, with the token of a sealed record or the hash of an attachment, or its tombstone.
//
//wire:schema {"oneOf":[{"required":["token"]},{"required":["hash"]},{"required":["deleted"]}]}
type VaultRecord struct {
	ItemID   ID         `json:"item_id"` // or of the attachment
	Kind     RecordKind `json:"kind"`
	Version  Version    `json:"version"`         // of an attachment: the number of chunks
	Epoch    Epoch      `json:"epoch,omitempty"` // of a sealed record
	Revision Revision   `json:"revision"`        // of the write that put or deleted it
	Token    Token      `json:"token,omitempty"`
	//wire:schema {"examples":[null]}
	Hash Hash `json:"hash,omitempty"` // chain.HashAttachment
	//wire:schema {"const":true,"examples":[null]}
	Deleted bool `json:"deleted,omitempty"`
}

// VaultAnswer answers GET at PathVault with the parameters since, after, revision and head: the log above sequence number after, the
// path of writes down to revision, and all records that changed above revision since, with tombstones; for since = 0, all live records
// without tombstones. head is the hash of the write at revision, so that the server can find the branch that it is on. A former member of
// a shared vault gets its log up to the entry that ended the membership, of the state that this entry names, and no records.
type VaultAnswer struct {
	VaultLog
	Records []VaultRecord `json:"records"`
}

// WriteRequest is one signed write. Tokens has the token of each put of a sealed record, in the order of the operations.
type WriteRequest struct {
	Write      Signed     `json:"write"`
	Operations Operations `json:"operations"`
	//wire:schema {"type":["array","null"],"optional":true}
	Tokens []Token `json:"tokens"`
	// Branch is required if the write names another branch: all writes of it, from the first that the vault does not have to the named
	// write.
	//wire:schema {"maxItems":MaxBranchWrites}
	Branch []BranchWrite `json:"branch,omitempty"`
}

// VaultEntryRequest is one signed log entry. Envelopes has those that the entry names and the log did not name before; more than
// MaxEntryEnvelopes are uploaded before, with EnvelopesRequest. The same request again does nothing.
type VaultEntryRequest struct {
	Entry Signed `json:"entry"`
	//wire:schema {"type":["array","null"],"optional":true,"maxItems":MaxEntryEnvelopes}
	Envelopes []Signed `json:"envelopes"`
	// Policy is the annex of an entry of chain.OpPolicy.
	//wire:schema {"maxLength":MaxPolicyBytes}
	Policy Signed `json:"policy,omitempty"`
}

// ResendState is what a server that was restored from a backup has of a vault. It needs no session. Nonce is for one ResendRequest,
// within ten minutes.
type ResendState struct {
	Nonce    Hash     `json:"nonce"` // chain.Nonce
	Revision Revision `json:"revision"`
	Sequence Sequence `json:"sequence"`
	// Head is the hash of the newest write; 32 zero bytes at revision 0, because strangers must not learn the hash of an entry.
	Head Hash `json:"head"`
}

// ResentWrite is a write that is sent again. Its tokens may have been replaced since.
type ResentWrite struct {
	Write      Signed     `json:"write"`
	Operations Operations `json:"operations"`
}

// ResendRequest sends all writes and entries after the server's newest again, in ascending order. It needs no session: the server may
// know only older passwords.
type ResendRequest struct {
	Resend Signed `json:"resend"` // chain.Resend
	//wire:schema {"type":["array","null"],"optional":true}
	Entries []Signed `json:"entries"`
	//wire:schema {"type":["array","null"],"optional":true}
	Writes []ResentWrite `json:"writes"`
	// Cards are the new cards that Entries name, in ascending generation.
	//wire:schema {"type":["array","null"],"optional":true}
	Cards []Signed `json:"cards"`
	// Tokens has the token of each record that Writes put and that is live in the end, in ascending order of the places.
	//wire:schema {"type":["array","null"],"optional":true}
	Tokens []Token `json:"tokens"`
	// Keys and Envelope are those of the newest of Entries, and left out if there is none.
	Keys     *AccountKeys `json:"keys,omitempty"`
	Envelope Signed       `json:"envelope,omitempty"`
}

// ResendAnswer names the live attachments whose chunks the server does not have any more.
type ResendAnswer struct {
	Lost []ID `json:"lost"`
}

// VaultHistory answers GET at PathVaultHistory with the parameters from and to: writes in ascending order, without a gap, the first of
// revision from. It may end before revision to. It has at least one write if the vault has revision from.
type VaultHistory struct {
	//wire:schema {"maxItems":MaxHistoryWrites}
	Writes []Signed `json:"writes"` // chain.Write
	//wire:schema {"maxItems":MaxHistoryWrites}
	Operations []Operations `json:"operations"` // of each write
	// Cards are chain.Card: those of all authors, with the cards between two of one user.
	Cards []Signed `json:"cards"`
}

// TokensRequest asks for the tokens of records, live or kept.
type TokensRequest struct {
	//wire:schema {"minItems":1,"maxItems":MaxHistoryTokens}
	Tokens []KeptToken `json:"tokens"`
}

// KeptToken names the token of a sealed record by its place and chain.HashToken of it: the line of an operation.
type KeptToken struct {
	ItemID  ID         `json:"item_id"`
	Kind    RecordKind `json:"kind"` // not RecordAttachment
	Version Version    `json:"version"`
	Epoch   Epoch      `json:"epoch"`
	Hash    Hash       `json:"hash"`
}

// TokensAnswer has the tokens in the order of the request. One that the server does not have, or no longer, is empty.
type TokensAnswer struct {
	//wire:schema {"maxItems":MaxHistoryTokens}
	Tokens []TokenOrNone `json:"tokens"`
}

// TokenOrNone is a Token, or empty.
//
//wire:schema {"maxLength":MaxTokenBytes,"pattern":"^(g[A-P][A-Za-z0-9_=-]+)?$","examples":[""]}
type TokenOrNone = string

// VaultAttachments lists the attachments of a vault, live or pending. Now is the server's clock.
type VaultAttachments struct {
	Attachments []VaultAttachment `json:"attachments"`
	//wire:schema {"minimum":0}
	Quota int64  `json:"quota"` // bytes of tokens that the vault may store
	Now   Millis `json:"now"`
}

// VaultAttachment describes an attachment, complete or not.
type VaultAttachment struct {
	ID     ID         `json:"id"`
	Count  ChunkCount `json:"count"`
	Chunks ChunkCount `json:"chunks"` // stored so far
	//wire:schema {"minimum":1}
	Bytes int64 `json:"bytes"` // total size of their tokens
	Live  bool  `json:"live"`  // a write put it
}

// Millis is a time in milliseconds since 1970.
//
//wire:schema {"minimum":0}
type Millis = int64
