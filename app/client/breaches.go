package client

import (
	"bytes"
	"context"
	"crypto/sha1" // #nosec G505 -- what the range API is about; it protects nothing here
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/health"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Ranges asks a service with the range API of Have I Been Pwned (https://haveibeenpwned.com/API/v3#PwnedPasswords) for all
// hashes that begin with prefix, five hexadecimal digits, and for padding. Nothing else about a password reaches it.
type Ranges interface {
	Range(ctx context.Context, prefix string) (Response, error)
}

// BreachAddress asks the server where the page may look up breached passwords; empty: nowhere.
func (c *Client) BreachAddress(ctx context.Context) (string, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer op.end()
	var settings protocol.Settings
	err = op.call(methodGet, protocol.PathSettings, nil, &settings)
	return settings.BreachAddress, err
}

const (
	rangesAtOnce   = 8
	rangeAttempts  = 6
	rangePause     = 2 * time.Second // when the service does not say how long to wait
	maxRangeAnswer = 1 << 20
)

// Breaches looks up the passwords of all items outside the trash in a service of known breaches. Health then includes the
// results. Answers are remembered until the vault is locked, even if Breaches fails or is cancelled, and no prefix is asked for
// twice. progress, which may be nil, counts prefixes.
func (c *Client) Breaches(ctx context.Context, ranges Ranges, progress func(done, total int)) error {
	known, logins, err := c.logins(ctx)
	if err != nil {
		return err
	}
	return c.lookUp(ctx, known, logins, ranges, progress)
}

// Breach is Breaches for one item.
func (c *Client) Breach(ctx context.Context, id string, ranges Ranges) error {
	known, one, _, err := c.login(ctx, id)
	if err != nil {
		return err
	}
	return c.lookUp(ctx, known, one, ranges, nil)
}

func (c *Client) lookUp(ctx context.Context, known *replica.Knowledge, logins []health.Login, ranges Ranges, progress func(done, total int)) error {
	byPrefix := known.Unchecked(logins)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(rangesAtOnce)
	done := 0
	for prefix, bySuffix := range byPrefix { // in random order, which reveals nothing about the vault
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if c.Locked() {
				return ErrLocked
			}
			counts, err := askRange(ctx, ranges, prefix)
			if err != nil {
				return fmt.Errorf("look up breached passwords: %w", err)
			}
			known.Found(bySuffix, counts, func() {
				done++
				if progress != nil {
					progress(done, len(byPrefix))
				}
			})
			return nil
		})
	}
	return group.Wait()
}

// askRange waits as long as the service asks for when it limits the rate.
func askRange(ctx context.Context, ranges Ranges, prefix string) (map[string]int, error) {
	for attempt := 1; ; attempt++ {
		answer, err := ranges.Range(ctx, prefix)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, unanswered(err)
		case answer.Status == 200:
			return parseRange(answer.Body)
		case answer.Status != 429 && answer.Status != 503 || attempt == rangeAttempts:
			return nil, &rangeError{answer.Status}
		}
		pause := answer.RetryAfter
		if pause <= 0 {
			pause = rangePause << (attempt - 1)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

type rangeError struct{ status int }

func (e *rangeError) Error() string { return fmt.Sprintf("the service answered %d", e.status) }

var errNoRange = errors.New("the answer of the service is not a list of hashes")

// parseRange reads lines of a suffix and a count. Padding has the count 0.
func parseRange(body []byte) (map[string]int, error) {
	if len(body) > maxRangeAnswer {
		return nil, errNoRange
	}
	counts := map[string]int{}
	for line := range bytes.Lines(body) {
		suffix, seen, both := strings.Cut(strings.TrimSpace(string(line)), ":")
		n, err := strconv.Atoi(seen)
		if errors.Is(err, strconv.ErrRange) {
			err = nil // n is the nearest int
		}
		if !both || err != nil || n < 0 || len(suffix) != 2*sha1.Size-replica.PrefixDigits || strings.Trim(suffix, "0123456789ABCDEFabcdef") != "" {
			return nil, errNoRange
		}
		counts[strings.ToUpper(suffix)] = n
	}
	return counts, nil
}
