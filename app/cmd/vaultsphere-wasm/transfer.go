//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

var errNoImport = fmt.Errorf("%w: plan_import comes first", bridge.ErrInput)

// keepImport replaces the import plan and forgets the previous one.
func (c *core) keepImport(p *imports.Import) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.imported != nil {
		c.imported.Forget()
	}
	c.imported = p
}

// PlanImport takes a file that vaultsphere-transfer-wasm has read: a parcel.Result as JSON.
func (c *core) PlanImport(ctx context.Context, f bridge.File) (imports.ImportPreview, error) {
	c.keepImport(nil)
	var read parcel.Result
	if json.Unmarshal(f, &read) != nil { // the error may quote a secret
		return imports.ImportPreview{}, fmt.Errorf("%w: plan_import takes a parcel.Result", bridge.ErrInput)
	}
	plan, err := c.client.PlanImport(ctx, &read)
	if err != nil {
		return imports.ImportPreview{}, err
	}
	c.keepImport(plan)
	return plan.Preview(), nil
}

// ImportRun returns a report if it has imported any item, so that a failure does not hide those items. If it fails before that,
// it keeps the plan for another attempt.
func (c *core) ImportRun(ctx context.Context, choice imports.ImportChoice, progress func(done, total int)) (protocol.ImportReport, error) {
	c.mu.Lock()
	plan := c.imported
	c.mu.Unlock()
	if plan == nil {
		return protocol.ImportReport{}, errNoImport
	}
	report, err := plan.Run(ctx, choice, progress)
	if err != nil && report.Added+report.Updated == 0 {
		return protocol.ImportReport{}, err
	}
	c.keepImport(nil)
	out := protocol.ImportReport{ImportReport: report}
	if err != nil {
		f := explain(err)
		out.Stopped = &f
	}
	return out, nil
}

func (c *core) ImportForget(context.Context) error {
	c.keepImport(nil)
	return nil
}

// OpenItems returns the decrypted items as JSON for vaultsphere-transfer-wasm, which writes the export.
func (c *core) OpenItems(ctx context.Context, o client.ExportOptions, progress func(done, total int)) (protocol.Exported, bridge.File, error) {
	items, problems, err := c.client.Export(ctx, o, progress)
	if err != nil {
		return protocol.Exported{}, nil, err
	}
	file, err := json.Marshal(items)
	return protocol.Exported{Items: len(items), Problems: problems}, file, err
}
