//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

type username struct {
	Username string `json:"username"`
}

type password struct {
	Password string `json:"password"`
}

type id struct {
	ID string `json:"id"`
}

type words struct {
	Words []string `json:"words"`
}

// newCore is the whole worker protocol.
func newCore(cl *client.Client) *core {
	c := &core{client: cl}
	c.methods = map[string]method{
		"resume":               of(c.resume),
		"prepare_registration": of(c.prepareRegistration),
		"check_registration":   of(c.checkRegistration),
		"register":             of(c.register),
		"cancel_registration":  of(c.cancelRegistration),
		"login":                of(c.login),
		"unlock":               of(c.unlock),
		"lock":                 of(func(context.Context, none) (none, error) { c.keepImport(nil); cl.Lock(); return none{}, nil }),
		"logout":               of(c.logout),
		"keep_copy":            of(c.keepCopy),

		"sync":            of(c.sync),
		"waiting":         of(c.waiting),
		"index":           counting(c.index),
		"list":            c.list,
		"get":             of(func(_ context.Context, p id) (item.Item, error) { return cl.Get(p.ID) }),
		"history":         of(c.history),
		"restore_version": of(c.restoreVersion),
		"code":            of(c.code),
		"next_code": of(func(ctx context.Context, p id) (client.OneTimeCode, error) {
			return cl.NextCode(ctx, p.ID, time.Now())
		}),
		"save":     of(c.save),
		"add_many": counting(c.addMany),

		"seal_draft": of(c.sealDraft),
		"open_draft": of(c.openDraft),

		"delete": of(c.remove),

		"attach":            with(c.attach),
		"attachment":        c.attachment,
		"remove_attachment": of(c.removeAttachment),

		"import_preview": with(c.importPreview),
		"import_run":     counting(c.importRun),
		"import_forget":  of(func(context.Context, none) (none, error) { c.keepImport(nil); return none{}, nil }),
		"export":         c.export,

		"trash":       counting(c.trash),
		"restore":     counting(c.restore),
		"tag":         counting(c.tag),
		"mark":        counting(c.mark),
		"duplicate":   of(c.duplicate),
		"empty_trash": counting(c.emptyTrash),
		"purge_trash": of(c.purgeTrash),

		"account":         of(c.account),
		"change_password": of(c.changePassword),
		"new_recovery_phrase": of(func(ctx context.Context, p password) (words, error) {
			w, err := cl.NewRecoveryPhrase(ctx, p.Password)
			return words{w}, err
		}),
		"check_password": of(func(ctx context.Context, p password) (none, error) {
			return none{}, cl.CheckPassword(ctx, p.Password)
		}),
		"recover":      of(c.recover),
		"check_phrase": of(checkPhrase),
		"totp_begin":   of(c.beginTOTP),
		"totp_confirm": of(c.confirmTOTP),
		"totp_remove": of(func(ctx context.Context, p password) (none, error) {
			return none{}, cl.RemoveTOTP(ctx, p.Password)
		}),
		"sessions": of(c.sessions),
		"end_session": of(func(ctx context.Context, p struct {
			ID       string `json:"id"`
			Password string `json:"password"`
		}) (none, error) {
			return none{}, cl.EndSession(ctx, p.Password, p.ID)
		}),
		"end_other_sessions": of(func(ctx context.Context, p password) (none, error) {
			return none{}, cl.EndOtherSessions(ctx, p.Password)
		}),
		"delete_account": of(c.deleteAccount),

		"health":         counting(c.health),
		"breaches":       counting(c.breaches),
		"breach_address": of(c.breachAddress),

		"generate_password":   of(generatePassword),
		"generate_passphrase": of(generatePassphrase),
	}
	return c
}

type resumed struct {
	State    client.State `json:"state"`
	Username string       `json:"username,omitempty"`
}

func (c *core) resume(ctx context.Context, _ none) (resumed, error) {
	state, name, err := c.client.Resume(ctx)
	return resumed{state, name}, err
}

var errNoRegistration = fmt.Errorf("%w: prepare_registration comes first", errInput)

func (c *core) prepareRegistration(_ context.Context, p password) (words, error) {
	r, err := c.client.PrepareRegistration(p.Password)
	if err != nil {
		return words{}, err
	}
	c.keepRegistration(r)
	return words{r.Words()}, nil
}

func (c *core) keepRegistration(r *client.Registration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.registration != nil {
		c.registration.Forget()
	}
	c.registration = r
}

// register keeps the registration when it fails, so that another name can be tried with the same phrase.
func (c *core) register(ctx context.Context, p struct {
	Username   string          `json:"username"`
	Device     string          `json:"device"`
	Invitation *api.Invitation `json:"invitation"`
}) (username, error) {
	c.mu.Lock()
	r := c.registration
	c.mu.Unlock()
	if r == nil {
		return username{}, errNoRegistration
	}
	r.Invitation = p.Invitation
	name, err := c.client.Register(ctx, r, p.Username, p.Device)
	if err == nil {
		c.keepRegistration(nil)
	}
	return username{name}, err
}

func (c *core) checkRegistration(ctx context.Context, p struct {
	Username   string          `json:"username"`
	Invitation *api.Invitation `json:"invitation"`
}) (none, error) {
	return none{}, c.client.CheckRegistration(ctx, p.Username, p.Invitation)
}

func (c *core) cancelRegistration(context.Context, none) (none, error) {
	c.keepRegistration(nil)
	return none{}, nil
}

func (c *core) login(ctx context.Context, p struct {
	Username string `json:"username"`
	Password string `json:"password"`
	TOTPCode string `json:"totp_code"`
	Device   string `json:"device"`
}) (username, error) {
	name, err := c.client.Login(ctx, p.Username, p.Password, p.TOTPCode, p.Device)
	return username{name}, err
}

type unreadable struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

type synced struct {
	Revision   int64        `json:"revision"`
	Changed    bool         `json:"changed"`
	Count      int          `json:"count"`
	Trashed    int          `json:"trashed"`
	Unreadable []unreadable `json:"unreadable"`
	waiting
	Kept        []string `json:"kept"`         // items that were deleted here and stay: another device changed them
	CopyProblem string   `json:"copy_problem"` // why there is no copy for the time without a server
}

func (c *core) sync(ctx context.Context, _ none) (synced, error) {
	s, err := c.client.Sync(ctx)
	out := synced{s.Revision, s.Changed, s.Count, s.Trashed, []unreadable{}, waitingOf(s.Waiting), []string{}, s.CopyProblem}
	out.Kept = append(out.Kept, s.Kept...)
	for _, u := range s.Unreadable {
		out.Unreadable = append(out.Unreadable, unreadable(u))
	}
	return out, err
}

func (c *core) list(_ context.Context, r request) (answer, error) {
	var p struct {
		Query     string      `json:"query"`
		Type      item.Type   `json:"type"`
		Tag       string      `json:"tag"`
		Favourite bool        `json:"favourite"`
		Trash     bool        `json:"trash"`
		Sort      client.Sort `json:"sort"`
		Offset    int         `json:"offset"`
		Limit     int         `json:"limit"`
	}
	if err := strict(r.params, &p); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errInput, err)
	}
	q := client.Query{Text: p.Query, Type: p.Type, Tag: p.Tag, Favourite: p.Favourite, Trash: p.Trash, Sort: p.Sort}
	found, err := c.client.SearchJSON(q, p.Offset, p.Limit)
	return answer{json: found}, err
}

func (c *core) index(ctx context.Context, _ none, progress func(done, total int)) (none, error) {
	return none{}, c.client.Index(ctx, progress)
}

type version struct {
	Version  int64     `json:"version"`
	Modified time.Time `json:"modified,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Password string    `json:"password"`
}

type history struct {
	Versions []version `json:"versions"`
}

func (c *core) history(_ context.Context, p id) (history, error) {
	list, err := c.client.History(p.ID)
	out := history{[]version{}}
	for _, v := range list {
		out.Versions = append(out.Versions, version(v))
	}
	return out, err
}

// code is of an item, or of a text that is not saved yet.
func (c *core) code(_ context.Context, p struct {
	ID   string `json:"id"`
	TOTP string `json:"totp"`
}) (client.OneTimeCode, error) {
	if p.ID != "" {
		return c.client.Code(p.ID, time.Now())
	}
	return client.CodeOf(p.TOTP, time.Now())
}

func (c *core) restoreVersion(ctx context.Context, p struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
}) (item.Item, error) {
	return c.client.RestoreVersion(ctx, p.ID, p.Version)
}

func (c *core) save(ctx context.Context, p struct {
	Item item.Item `json:"item"`
}) (item.Item, error) {
	return c.client.Save(ctx, p.Item)
}

type added struct {
	Added int `json:"added"`
}

func (c *core) addMany(ctx context.Context, p struct {
	Items []item.Item `json:"items"`
}, progress func(done, total int)) (added, error) {
	ids, err := c.client.AddMany(ctx, p.Items, progress)
	if err != nil && len(ids) > 0 {
		err = fmt.Errorf("%d of %d were added: %w", len(ids), len(p.Items), err)
	}
	return added{len(ids)}, err
}

func (c *core) remove(ctx context.Context, p struct {
	IDs []string `json:"ids"`
}) (none, error) {
	return none{}, c.client.Delete(ctx, p.IDs)
}

type kdf struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Time      uint32 `json:"time"`
	Threads   uint8  `json:"threads"`
}

type account struct {
	Username    string `json:"username"`
	TOTPEnabled bool   `json:"totp_enabled"`
	Revision    int64  `json:"revision"`
	Count       int    `json:"count"`
	Offline     bool   `json:"offline"` // it is what this device keeps of the account
	KDF         kdf    `json:"kdf"`
}

func (c *core) account(ctx context.Context, _ none) (account, error) {
	a, err := c.client.Account(ctx)
	return account{a.Username, a.TOTPEnabled, a.Revision, a.Count, a.Offline, kdf(a.Params)}, err
}

func (c *core) changePassword(ctx context.Context, p struct {
	Current string `json:"current"`
	Next    string `json:"next"`
}) (none, error) {
	return none{}, c.client.ChangePassword(ctx, p.Current, p.Next)
}

func (c *core) recover(ctx context.Context, p struct {
	Username   string `json:"username"`
	Phrase     string `json:"phrase"`
	Password   string `json:"password"`
	RemoveTOTP bool   `json:"remove_totp"`
	Device     string `json:"device"`
}) (username, error) {
	name, err := c.client.Recover(ctx, p.Username, p.Phrase, p.Password, p.RemoveTOTP, p.Device)
	return username{name}, err
}

type checked struct {
	OK   bool `json:"ok"`
	Word int  `json:"word"` // the first that no phrase has, counted from 1; 0: it is another mistake
}

func checkPhrase(_ context.Context, p struct {
	Phrase string `json:"phrase"`
}) (checked, error) {
	phrase, err := seal.ParseRecoveryPhrase(p.Phrase)
	if err != nil {
		var unknown *seal.WordError
		if errors.As(err, &unknown) {
			return checked{Word: unknown.Number}, nil
		}
		return checked{}, nil
	}
	phrase.Wipe()
	return checked{OK: true}, nil
}

type enrolment struct {
	URI       string `json:"uri"`
	Secret    string `json:"secret"`
	Enrolment string `json:"enrolment"`
}

func (c *core) beginTOTP(ctx context.Context, p password) (enrolment, error) {
	e, err := c.client.BeginTOTP(ctx, p.Password)
	if err != nil {
		return enrolment{}, err
	}
	return enrolment{e.URI, e.Secret, e.Token}, nil
}

func (c *core) confirmTOTP(ctx context.Context, p struct {
	Enrolment string `json:"enrolment"`
	Code      string `json:"code"`
}) (none, error) {
	return none{}, c.client.ConfirmTOTP(ctx, p.Enrolment, p.Code)
}

type sessions struct {
	Sessions []client.Session `json:"sessions"`
}

func (c *core) sessions(ctx context.Context, _ none) (sessions, error) {
	list, err := c.client.Sessions(ctx)
	return sessions{list}, err
}

type generated struct {
	Value       string  `json:"value"`
	EntropyBits float64 `json:"entropy_bits"`
}

func generatePassword(_ context.Context, p struct {
	Length         int    `json:"length"`
	Lower          bool   `json:"lower"`
	Upper          bool   `json:"upper"`
	Digits         bool   `json:"digits"`
	Symbols        bool   `json:"symbols"`
	AvoidAmbiguous bool   `json:"avoid_ambiguous"`
	MinLower       int    `json:"min_lower"`
	MinUpper       int    `json:"min_upper"`
	MinDigits      int    `json:"min_digits"`
	MinSymbols     int    `json:"min_symbols"`
	SymbolSet      string `json:"symbol_set"`
}) (generated, error) {
	value, bits, err := generate.Password(generate.PasswordRules(p))
	return generated{value, bits}, err
}

func generatePassphrase(_ context.Context, p struct {
	Words      int    `json:"words"`
	Separator  string `json:"separator"`
	Capitalize bool   `json:"capitalize"`
	Number     bool   `json:"number"`
}) (generated, error) {
	value, bits, err := generate.Passphrase(generate.PassphraseRules(p))
	return generated{value, bits}, err
}
