package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// grace is how long an interrupted command has to report the outcome of a change that it has already sent.
const grace = 250 * time.Millisecond

// interrupts end a command immediately, whatever it waits for: a line of standard input, a pipe without a writer or a reader, the
// derivation of a key.
type interrupts struct {
	mu        sync.Mutex
	forwardTo func(os.Signal) // not nil: signals go to another program
	signals   chan os.Signal  // nil if no loop runs

	// flush asks the signal loop to forward the signals that have arrived, and to close the channel. It is nil if no loop runs.
	flush chan chan struct{}
	// abandoned is closed when the loop has ended.
	abandoned chan struct{}

	// unfinished is held for reading during work that must not be cut off: a file is partly written, secrets are in a file in
	// memory, the terminal does not echo. Its holders obey their context, or end soon.
	unfinished sync.RWMutex
}

// listen receives signals until stop is called. SIGHUP is left alone if the parent process ignores it, as nohup does.
func listen() (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals, func() { signal.Stop(signals) }
}

// divert forwards signals to another program until the returned function is called. Signals that arrived before that call are still
// forwarded.
func (i *interrupts) divert(to func(os.Signal)) (back func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forwardTo = to
	return func() {
		if i.flush != nil {
			last := make(chan os.Signal, 1)
			signal.Notify(last, os.Interrupt)
			signal.Stop(last) // returns once all signals are in their channels
			flushed := make(chan struct{})
			select {
			case i.flush <- flushed:
				<-flushed
			case <-i.abandoned:
			}
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		i.forwardTo = nil
	}
}

// leaveToTerminal discards SIGINT until the returned function is called, because the terminal sends it to the other program, too. The
// kernel discards it: a signal that is caught can still be on its way when that program has ended.
func (i *interrupts) leaveToTerminal() (back func()) {
	if i.signals == nil {
		return func() { /* SIGINT was not ignored */ }
	}
	signal.Ignore(os.Interrupt)
	return func() { signal.Notify(i.signals, os.Interrupt) }
}

func (i *interrupts) diverted(s os.Signal) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.forwardTo == nil {
		return false
	}
	i.forwardTo(s)
	return true
}

// uninterrupted runs work that must not be cut off.
func (i *interrupts) uninterrupted(do func() error) error {
	i.unfinished.RLock()
	defer i.unfinished.RUnlock()
	return do()
}

// runUntil is run, ended by the first signal.
func (p *program) runUntil(signals chan os.Signal, args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.signals = signals
	p.flush, p.abandoned = make(chan chan struct{}), make(chan struct{})
	done := make(chan int, 1)
	go func() { done <- p.run(ctx, args) }()
	for {
		select {
		case status := <-done:
			return status
		case flushed := <-p.flush:
			for len(signals) > 0 {
				p.diverted(<-signals)
			}
			close(flushed)
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

// abandon waits for the command to end within its grace, then leaves it behind.
func (p *program) abandon(done <-chan int) int {
	select {
	case status := <-done:
		return status
	case <-time.After(grace):
	}
	finished := make(chan struct{})
	go func() {
		p.unfinished.Lock() // never released: no such work may begin any more
		close(finished)
	}()
	select {
	case status := <-done:
		return status
	case <-finished:
		return p.report(context.Canceled)
	}
}
