// Model explores everything that can happen to a vault within small bounds: a hostile server, a thief, a removed editor, a restored
// backup. README.md explains it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

func main() {
	only := flag.String("scenario", "", "explore only this scenario")
	without := flag.String("without", "", "take this check out")
	flag.Parse()
	if err := report(os.Stdout, *only, *without); err != nil {
		fmt.Fprintln(os.Stderr, "model: error:", err)
		os.Exit(1)
	}
}

// A job is one search.
type job struct {
	scenario scenario
	mutation mutation // the zero value takes nothing out
	model    *model
	result   result
	took     time.Duration
}

func (j *job) explore() {
	began := time.Now()
	j.model = build(j.scenario, j.mutation.check)
	j.result = run(j.model, j.mutation.breaks)
	j.took = time.Since(began)
}

// wrong reports a result that differs from the expected one.
func (j *job) wrong() error {
	switch {
	case !j.result.full:
		return fmt.Errorf("%s: more than %d states", j.scenario.name, maxStates)
	case j.result.broken != j.mutation.breaks && j.mutation.check == 0:
		return fmt.Errorf("%s: an attack although every check is on", j.scenario.name)
	case j.result.broken != j.mutation.breaks:
		return fmt.Errorf("without %q: found %q, expected %q", j.mutation.name, properties[j.result.broken], properties[j.mutation.breaks])
	}
	return nil
}

func scenarioNamed(name string) scenario {
	return scenarios[slices.IndexFunc(scenarios, func(sc scenario) bool { return sc.name == name })]
}

// jobs lists every search: each scenario with all checks, and each mutation.
func jobs(only, without string) (list []*job) {
	for _, sc := range scenarios {
		if (only == "" || only == sc.name) && without == "" {
			list = append(list, &job{scenario: sc})
		}
	}
	for _, mu := range mutations {
		if (only == "" || only == mu.scenario) && (without == "" || without == mu.name) {
			list = append(list, &job{scenario: scenarioNamed(mu.scenario), mutation: mu})
		}
	}
	return list
}

// exploreAll runs the searches on all processors.
func exploreAll(list []*job) {
	var wait sync.WaitGroup
	next := make(chan *job)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for j := range next {
				j.explore()
			}
		})
	}
	for _, j := range list {
		next <- j
	}
	close(next)
	wait.Wait()
}

func report(out io.Writer, only, without string) error {
	list := jobs(only, without)
	if len(list) == 0 {
		return fmt.Errorf("no such scenario or check")
	}
	debug.SetGCPercent(50) // a search is one growing table
	exploreAll(list)
	var failed error
	for _, j := range list {
		j.print(out)
		if err := j.wrong(); err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

func (j *job) print(out io.Writer) {
	title := j.scenario.name
	if j.mutation.check != 0 {
		title += ", without " + j.mutation.name
	}
	fmt.Fprintf(out, "%-48s %9d states, depth %2d, %5.1f s: ", title, j.result.states, j.result.depth, j.took.Seconds())
	if j.result.broken == 0 {
		fmt.Fprintln(out, "every property holds")
		return
	}
	fmt.Fprintf(out, "broken: %s\n", properties[j.result.broken])
	for i, line := range j.model.tell(j.result.trace) {
		fmt.Fprintf(out, "  %2d. %s\n", i+1, line)
	}
}
