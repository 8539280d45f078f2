package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBulkWriterGivesWayOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		op := &operation{ctx: ctx}
		for step, c := range []struct {
			overtaken bool
			want      time.Duration
		}{{false, 0}, {true, courtesy}, {false, 0}} {
			op.overtaken = op.overtaken || c.overtaken
			began := time.Now()
			if err := op.giveWay(); err != nil || time.Since(began) != c.want {
				t.Errorf("step %d: %v, after %v", step, err, time.Since(began))
			}
		}
		op.overtaken = true
		time.AfterFunc(100*time.Millisecond, cancel)
		began := time.Now()
		if err := op.giveWay(); !errors.Is(err, context.Canceled) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("the end of the operation: %v, after %v", err, time.Since(began))
		}
	})
}
