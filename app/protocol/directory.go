package protocol

// PathCards has the public cards of a user.
const PathCards = "/api/v1/cards"

// MaxCards bounds the cards of a user, which is the number of card keys that an identity holds.
const MaxCards = 512

// UserCards are the public cards of a user. A client believes none of them because the server shows it.
type UserCards struct {
	//wire:schema {"minItems":1,"maxItems":MaxCards}
	Cards []Signed `json:"cards"` // chain.Card, from generation 1 to the newest
}
