package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// row is one measurement with its upper limit.
type row struct {
	what     string
	measured float64
	target   float64
	unit     string
}

// table prints each measurement with its limit and their ratio. A ratio above 1 exceeds the limit.
func table(w io.Writer, rows []row) error {
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintf(tw, "| what\t| measured\t| at most\t| measured / at most\t|\n")
	fmt.Fprintf(tw, "| ---\t| ---\t| ---\t| ---\t|\n")
	for _, r := range rows {
		fmt.Fprintf(tw, "| %s\t| %s %s\t| %s %s\t| %.2f\t|\n", r.what, figures(r.measured), r.unit, figures(r.target), r.unit, r.measured/r.target)
	}
	return tw.Flush()
}

// figures formats x with at least three significant figures and without an exponent.
func figures(x float64) string {
	decimals := max(0, 2-int(math.Floor(math.Log10(x))))
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(samples []time.Duration) time.Duration {
	slices.Sort(samples)
	return samples[len(samples)/2]
}

// p50 returns the median duration of n calls of f, after a few warm-up calls.
func p50(n int, f func() error) (time.Duration, error) {
	samples := make([]time.Duration, 0, n)
	for i := range n + n/10 + 3 {
		began := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		if i >= n/10+3 {
			samples = append(samples, time.Since(began))
		}
	}
	return median(samples), nil
}
