//go:build js && wasm

package main

import (
	"errors"
	"sync"
	"syscall/js"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// core implements bridge/core.Core.
type core struct {
	client *client.Client

	mu           sync.Mutex
	registration *client.Registration
	phrase       *client.PhraseChange // from PreparePhrase to ActivatePhrase
	rotation     *client.Rotation     // from PrepareRotation to ActivateRotation
	imported     *imports.Import      // from PlanImport to ImportRun
	found        *client.FoundPerson  // from FindPerson to VerifyPerson
	sent         []client.SentInvitation
	offered      *client.Offered // from ReadOffer to Register
}

func explain(err error) bridge.Failure {
	f := client.Explain(err)
	if f.Code == client.CodeInternal {
		js.Global().Get("console").Call("error", "vaultsphere: "+err.Error()) // the page has no message for it
		if errors.Is(err, bridge.ErrInput) {
			f.Code = client.CodeBadInput
		}
	}
	return bridge.Failure{Code: bridge.Code(f.Code), Findings: f.Findings, RequestID: f.RequestID, RetryAfter: f.RetryAfter.Seconds()}
}
