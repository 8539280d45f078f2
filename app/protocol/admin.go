package protocol

import "time"

// Paths for administrators. None of them returns a token, a key or a signed object of a vault.
const (
	PathAdminUsers             = "/api/v1/admin/users"
	PathAdminUsersSuspend      = "/api/v1/admin/users/suspend"
	PathAdminUsersResume       = "/api/v1/admin/users/resume"
	PathAdminUsersRemove       = "/api/v1/admin/users/remove"
	PathAdminUsersDelete       = "/api/v1/admin/users/delete"
	PathAdminUsersUnthrottle   = "/api/v1/admin/users/unthrottle"
	PathAdminUsersPromote      = "/api/v1/admin/users/promote"
	PathAdminUsersDemote       = "/api/v1/admin/users/demote"
	PathAdminInvitations       = "/api/v1/admin/invitations"
	PathAdminInvitationsRevoke = "/api/v1/admin/invitations/revoke"
)

// RemovalDays is how long an administrator can bring back a removed user.
const RemovalDays = 30

// MaxListedUsers bounds one AdminUsersResponse.
const MaxListedUsers = 100

// AdminUser is what administrators see of a user.
type AdminUser struct {
	Username      Username  `json:"username"`
	UserID        ID        `json:"user_id"`
	Created       time.Time `json:"created"`
	LastSeen      time.Time `json:"last_seen"` // midnight of the day, in UTC
	Administrator bool      `json:"administrator"`
	Suspended     bool      `json:"suspended"`
	TOTPEnabled   bool      `json:"totp_enabled"`
	// Deletion is when a removed user will be deleted. It is missing for others.
	Deletion time.Time `json:"deletion,omitzero"`
	//wire:schema {"minimum":0}
	Items int64 `json:"items"`
	//wire:schema {"minimum":0}
	Bytes int64 `json:"bytes"` // of records and attachments, sealed
}

// AdminUsersResponse lists users in the order of their names' bytes. More says that others follow: ask again after the last one.
type AdminUsersResponse struct {
	//wire:schema {"maxItems":MaxListedUsers}
	Users []AdminUser `json:"users"`
	More  bool        `json:"more"`
}

// AdminUserRequest names a user by name and ID, because another user may have the name by now. It proves the administrator's master
// password again: a stolen session must not lock everybody out.
type AdminUserRequest struct {
	CurrentAuthKey AuthKey  `json:"current_auth_key"`
	Username       Username `json:"username"`
	UserID         ID       `json:"user_id"`
}
