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

// Bounds of one request. If the server asks for a longer wait, the command fails with a hint.
const (
	maxRetries = 5
	maxWait    = 10 * time.Second
)

// retrying repeats requests that the server did not begin: it was busy, shutting down, or throttled the client. It does not repeat
// requests that the server may have carried out; the client package deals with those.
type retrying struct{ *httptransport.Transport }

// Do implements client.Transport.
func (t retrying) Do(ctx context.Context, r client.Request) (client.Response, error) {
	end := time.Now().Add(maxWait)
	for retries := 0; ; retries++ {
		answer, err := t.Transport.Do(ctx, r)
		if err != nil || retries == maxRetries || !mayRetry(answer) || time.Now().Add(answer.RetryAfter).After(end) {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return client.Response{}, ctx.Err()
		case <-time.After(answer.RetryAfter):
		}
	}
}

func mayRetry(answer client.Response) bool {
	if answer.RetryAfter <= 0 || answer.Status != http.StatusTooManyRequests && answer.Status != http.StatusServiceUnavailable {
		return false
	}
	var failure protocol.Error
	return json.Unmarshal(answer.Body, &failure) == nil && (failure.Code == protocol.CodeThrottled || failure.Code == protocol.CodeUnavailable)
}
