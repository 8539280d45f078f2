//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

var errNoImport = fmt.Errorf("%w: import_preview comes first", errInput)

// keepImport replaces the file that waits to be imported, and lets go of the one before.
func (c *core) keepImport(p *client.Import) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.imported != nil {
		c.imported.Forget()
	}
	c.imported = p
}

// importPreview takes what vaultsphere-transfer-wasm has read.
func (c *core) importPreview(ctx context.Context, _ none, r request) (client.ImportPreview, error) {
	c.keepImport(nil)
	var read parcel.Result
	if err := strict(r.file, &read); err != nil {
		return client.ImportPreview{}, fmt.Errorf("%w: %w", errInput, err)
	}
	plan, err := c.client.PlanImport(ctx, &read)
	if err != nil {
		return client.ImportPreview{}, err
	}
	c.keepImport(plan)
	return plan.Preview(), nil
}

// imported is the report, and why the import ended early if it did.
type imported struct {
	client.ImportReport
	Stopped *failure `json:"stopped,omitempty"`
}

// importRun answers with a report whenever something came in, so that a failure does not hide what did. When nothing
// did, the plan waits for another try.
func (c *core) importRun(ctx context.Context, choice client.ImportChoice, progress func(done, total int)) (imported, error) {
	c.mu.Lock()
	plan := c.imported
	c.mu.Unlock()
	if plan == nil {
		return imported{}, errNoImport
	}
	report, err := plan.Run(ctx, choice, progress)
	if err != nil && report.Added+report.Updated == 0 {
		return imported{}, err
	}
	c.keepImport(nil)
	out := imported{ImportReport: report}
	if err != nil {
		f := failureOf(explain(err))
		out.Stopped = &f
	}
	return out, nil
}

type exported struct {
	Items    int              `json:"items"`
	Problems []parcel.Problem `json:"problems"`
}

// export gives the items to vaultsphere-transfer-wasm, which writes them in a format.
func (c *core) export(ctx context.Context, r request) (answer, error) {
	var p struct {
		Trash bool `json:"trash"`
		Files bool `json:"files"`
	}
	if err := strict(r.params, &p); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errInput, err)
	}
	items, problems, err := c.client.Export(ctx, client.ExportOptions(p), r.counted())
	if err != nil {
		return answer{}, err
	}
	file, err := json.Marshal(items)
	if err != nil {
		return answer{}, err
	}
	text, err := json.Marshal(exported{len(items), problems})
	return answer{json: text, file: file}, err
}
