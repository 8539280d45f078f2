package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// synthRows times `make synth` for an app that is already built.
func synthRows(ctx context.Context, _, dir string) ([]row, error) {
	var rows []row
	for _, topology := range []struct{ name, options string }{
		{"ec2", "-c region=us-east-1 -c hostImage=ami-0123456789abcdef0"},
		{"fargate", "-c topology=fargate -c region=us-east-1 " +
			"-c certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"},
	} {
		args := fmt.Sprintf("ARGS=%s --output %s", topology.options, filepath.Join(dir, topology.name))
		var times []time.Duration
		for i := range 4 { // the first may build
			began := time.Now()
			if out, err := exec.CommandContext(ctx, "make", "synth", args).CombinedOutput(); err != nil { //nolint:gosec // constants
				return nil, fmt.Errorf("make synth, topology %s: %w: %s", topology.name, err, out)
			}
			if i > 0 {
				times = append(times, time.Since(began))
			}
		}
		rows = append(rows, row{"make synth after the first build, topology " + topology.name + ", median of 3", median(times).Seconds(), 10, "s"})
	}
	return rows, nil
}
