package protocol

// The strings and numbers in bodies. A //wire:schema line is the part of the OpenAPI document that says what the server
// accepts; a capitalized name in it is a constant of this package.

// ID is 16 bytes, base64url without padding.
//
//wire:schema {"pattern":"^[A-Za-z0-9_-]{21}[AQgw]$","examples":["q83vEjRWeJCrze8SNFZ4kA"]}
type ID = string

// SessionID is the public name of a session: the SHA-256 of its secret ID, in lower-case hex.
//
//wire:schema {"pattern":"^[0-9a-f]{64}$","examples":["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]}
type SessionID = string

// AuthKey is 32 bytes, standard base64. The client derives it from the master password or the recovery phrase. It does not open
// the vault.
//
//wire:schema {"pattern":"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$","examples":["BRAbJjE8R1JdaHN+iZSfqrXAy9bh7PcCDRgjLjlET1o="]}
type AuthKey = string

// Token is a Fernet token sealed by a client. The server has no key to it.
//
//wire:schema {"maxLength":MaxTokenBytes}
//wire:schema {"pattern":"^g[A-P][A-Za-z0-9_-]{74}([A-Za-z0-9_-]{64})*([A-Za-z0-9_-]{21}[AQgw]==|[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]=|[A-Za-z0-9_-]{64})$"}
//wire:schema {"examples":["gAAAAABpJIEAAwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wYNFBsiKTA3PkVMU1phaG92fYSLkpmgp661vA=="]}
type Token = string

// SmallToken is a Token with content of a fixed size: a wrapped key.
//
//wire:schema {"maxLength":MaxSmallTokenBytes,"like":"Token"}
type SmallToken = string

// ChunkToken is the Token of one chunk of an attachment.
//
//wire:schema {"maxLength":MaxChunkTokenBytes,"like":"Token"}
type ChunkToken = string

// Enrolment is opaque and valid for ten minutes.
//
//wire:schema {"maxLength":MaxEnrolmentBytes,"like":"Token"}
type Enrolment = string

// Username is a UsernameCaseMapped (RFC 8265) without '#'. Spellings that differ only in case, width or Unicode normalization
// are one account.
//
//wire:schema {"minLength":1,"maxLength":MaxUsernameRunes,"pattern":"^[^#＃\\s\\x00-\\x1f\\x7f-\\x9f]+$","examples":["alice"]}
type Username = string

// Device is the label of a device in the list of sessions.
//
//wire:schema {"minLength":1,"maxLength":MaxDeviceRunes,"pattern":"^[^\\x00-\\x1f\\x7f-\\x9f]+$","examples":["Firefox on Linux"]}
type Device = string

// TOTPCode is a one-time code (RFC 6238, 30 seconds), accepted once.
//
//wire:schema {"pattern":"^[0-9]{6}$","examples":["123456"]}
type TOTPCode = string

// Revision counts the changes of a vault.
//
//wire:schema {"minimum":0}
type Revision = int64

// Version counts the versions of a record, from 1.
//
//wire:schema {"minimum":1}
type Version = int64

// ChunkCount is a number of chunks of one attachment. Chunks are numbered from 1.
//
//wire:schema {"minimum":1,"maximum":MaxChunks}
type ChunkCount = int
