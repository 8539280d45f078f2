package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// grace is how long an interrupted command has to say what became of a change that it had sent.
const grace = 250 * time.Millisecond

// interrupts end a command at once, whatever it does or waits for: a line of standard input, a pipe that nobody opens for
// writing or reads from, the key of a vault.
type interrupts struct {
	mu   sync.Mutex
	away func(os.Signal) // not nil: signals are for another program

	// back is where the loop that takes signals is asked to take them for this program again. It is nil if no loop runs.
	back chan chan struct{}
	// abandoned is closed when the loop has ended.
	abandoned chan struct{}

	// unfinished is held for reading while something must not be left half done: a file that is partly written, secrets in
	// memory that another program reads, a terminal that shows nothing. What holds it heeds its context, or ends soon.
	unfinished sync.RWMutex
}

// listen hands signals over until the program ends. SIGHUP counts unless whoever started the program ignores it (nohup).
func listen() (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals, func() { signal.Stop(signals) }
}

// divert gives signals to another program, until the returned function is called: those that have come by then are still the
// other program's, however late they are noticed.
func (i *interrupts) divert(to func(os.Signal)) (back func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = to
	return func() {
		if i.back != nil {
			last := make(chan os.Signal, 1)
			signal.Notify(last, os.Interrupt)
			signal.Stop(last) // returns when all signals have reached their channels
			taken := make(chan struct{})
			select {
			case i.back <- taken:
				<-taken
			case <-i.abandoned:
			}
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		i.away = nil
	}
}

func (i *interrupts) diverted(s os.Signal) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.away == nil {
		return false
	}
	i.away(s)
	return true
}

// whole runs do, which leaves something half done if it does not end.
func (i *interrupts) whole(do func() error) error {
	i.unfinished.RLock()
	defer i.unfinished.RUnlock()
	return do()
}

// runUntil is run, and ends at one of the signals.
func (p *program) runUntil(signals <-chan os.Signal, args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.back, p.abandoned = make(chan chan struct{}), make(chan struct{})
	done := make(chan int, 1)
	go func() { done <- p.run(ctx, args) }()
	for {
		select {
		case status := <-done:
			return status
		case taken := <-p.back:
			for len(signals) > 0 {
				p.diverted(<-signals)
			}
			close(taken)
		case s := <-signals:
			if p.diverted(s) {
				continue
			}
			close(p.abandoned)
			cancel()
			return p.abandon(done)
		}
	}
}

// abandon gives the command its grace, and leaves it where it is then.
func (p *program) abandon(done <-chan int) int {
	select {
	case status := <-done:
		return status
	case <-time.After(grace):
	}
	finished := make(chan struct{})
	go func() {
		p.unfinished.Lock() // for ever: nothing begins any more
		close(finished)
	}()
	select {
	case status := <-done:
		return status
	case <-finished:
		return p.report(context.Canceled)
	}
}
