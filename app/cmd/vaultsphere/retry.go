package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Bounds of one exchange. A server that asks for more patience is told to the person instead.
const (
	maxRetries  = 5
	maxPatience = 10 * time.Second
)

// retrying sends again what the server says to send again: it did nothing with the request, for it was busy, about to stop,
// or asked too often. What it may have done in part is the client's to find out, and is not sent again here.
type retrying struct{ *httptransport.Transport }

// Do is client.Transport's.
func (t retrying) Do(ctx context.Context, r client.Request) (client.Response, error) {
	end := time.Now().Add(maxPatience)
	for retries := 0; ; retries++ {
		answer, err := t.Transport.Do(ctx, r)
		if err != nil || retries == maxRetries || !asksForPatience(answer) || time.Now().Add(answer.RetryAfter).After(end) {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return client.Response{}, ctx.Err()
		case <-time.After(answer.RetryAfter):
		}
	}
}

func asksForPatience(answer client.Response) bool {
	if answer.RetryAfter <= 0 || answer.Status != http.StatusTooManyRequests && answer.Status != http.StatusServiceUnavailable {
		return false
	}
	var said protocol.Error
	return json.Unmarshal(answer.Body, &said) == nil && (said.Code == protocol.CodeThrottled || said.Code == protocol.CodeUnavailable)
}
