package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// maxAuditPages bounds how often a server may say that more events may follow.
const maxAuditPages = 1000

var errEventOrder = errors.New("the events are not in order")

// AuditFilter selects events of the audit trail. The zero value selects all.
type AuditFilter struct {
	Since, Until time.Time // Until itself is not part of it
	User         string
	Kind         protocol.AuditKind
}

func (f AuditFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"user": canonicalUsername(f.User), "kind": string(f.Kind)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, t := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !t.IsZero() {
			q.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	return q
}

// Trail is what may be asked for events: the path of the request.
type Trail string

const (
	ServerTrail  Trail = protocol.PathAdminEvents   // everything, for administrators
	AccountTrail Trail = protocol.PathAccountEvents // what concerns the user; without AuditFilter.User
)

// AuditEvents returns at most limit events, newest first, and whether there may be more.
func (c *Client) AuditEvents(ctx context.Context, t Trail, f AuditFilter, limit int) (events []protocol.AuditEvent, more bool, err error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, false, err
	}
	defer op.end()
	q, before := f.query(), ""
	for range maxAuditPages {
		page, err := op.auditPage(t, q, before)
		if err != nil {
			return nil, false, err
		}
		events = append(events, page.Events...)
		if len(events) > limit {
			return events[:limit], true, nil
		}
		if before = page.Next; before == "" || len(events) == limit {
			return events, before != "", nil
		}
	}
	return nil, false, &AnswerError{Path: string(t), Err: fmt.Errorf("more than %d pages", maxAuditPages)}
}

// auditPage gets the events below an ID, in descending order: a server could otherwise repeat a page forever.
func (op *operation) auditPage(t Trail, q url.Values, before protocol.AuditID) (page protocol.AuditResponse, err error) {
	path := string(t)
	if before != "" {
		q.Set("before", before)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	if err = op.call(methodGet, path, nil, &page); err != nil {
		return page, err
	}
	if len(page.Events) > protocol.MaxAuditEvents {
		return page, &AnswerError{Path: path, Err: fmt.Errorf("more than %d events", protocol.MaxAuditEvents)}
	}
	last := before
	for _, e := range page.Events {
		if last != "" && e.ID >= last {
			return page, &AnswerError{Path: path, Err: errEventOrder}
		}
		last = e.ID
	}
	if page.Next > last && last != "" || page.Next != "" && page.Next == before {
		return page, &AnswerError{Path: path, Err: errEventOrder}
	}
	return page, nil
}
