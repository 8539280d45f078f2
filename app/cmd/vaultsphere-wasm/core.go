//go:build js && wasm

package main

import (
	"errors"
	"sync"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// core answers the methods of package bridge/core.
type core struct {
	client *client.Client

	mu           sync.Mutex
	registration *client.Registration
	imported     *client.Import // from PlanImport to ImportRun
}

func explain(err error) bridge.Failure {
	f := client.Explain(err)
	if f.Code == client.CodeInternal && (errors.Is(err, bridge.ErrInput) || errors.Is(err, generate.ErrRules)) {
		f.Code = client.CodeBadInput
	}
	return bridge.Failure{Code: bridge.Code(f.Code), Message: f.Message, Hint: f.Hint, RetryAfter: f.RetryAfter.Seconds()}
}
