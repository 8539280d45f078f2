package client

import "github.com/vaultsphere/vaultsphere/app/client/replica"

// What callers of this package name of the replica.
type (
	// Query selects items.
	Query = replica.Query
	// Sort is the order of a list.
	Sort = replica.Sort
	// Summary is an item as lists show it.
	Summary = replica.Summary
	// Hint is a remark about a query.
	Hint = replica.Hint
	// HintCode says why a search may find something other than the user expects.
	HintCode = replica.HintCode
	// Version is an older password of an item.
	Version = replica.Version
	// RolledBackError: the server has an older vault than this device has seen, or a different one of the same revision.
	RolledBackError = replica.RolledBackError
	// VaultAlteredError: the server sent something other than this user's devices stored.
	VaultAlteredError = replica.AlteredError
	// UnreadableError: a record is authentic, but this client cannot read it. Other records are not affected.
	UnreadableError = replica.UnreadableError
)

const (
	SortTitle   = replica.SortTitle
	SortChanged = replica.SortChanged
	SortCreated = replica.SortCreated

	HintOperator  = replica.HintOperator
	HintValue     = replica.HintValue
	HintUnjudged  = replica.HintUnjudged
	HintUnchecked = replica.HintUnchecked

	MaxHistory = replica.MaxHistory // the number of older passwords that an item keeps
)

// ErrRolledBack matches every *RolledBackError.
var ErrRolledBack = replica.ErrRolledBack
