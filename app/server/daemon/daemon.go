package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/app/web"
)

const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute     // 4 MiB over a slow line
	writeTimeout  = 5 * time.Minute // a large vault over a slow line
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	auditTimeout  = 5 * time.Second // for the last events to be stored
	deleteEvery   = 6 * time.Hour   // a removed user may stay so much longer
)

// Daemon is one server process. Run may be called once.
type Daemon struct {
	Config Config
	Log    *slog.Logger
	Audit  io.Writer // gets the events of the audit trail, as lines of JSON

	ready chan struct{}
	addr  net.Addr
}

// New returns a Daemon that is not running yet.
func New(c Config, log *slog.Logger) *Daemon {
	return &Daemon{Config: c, Log: log, Audit: io.Discard, ready: make(chan struct{})}
}

// Ready returns a channel that is closed once requests are served. It stays open if Run fails before that.
func (d *Daemon) Ready() <-chan struct{} { return d.ready }

// Addr returns the address of the API. It is valid once Ready is closed.
func (d *Daemon) Addr() string { return d.addr.String() }

// Run serves until ctx is done. Then /ready answers 503, new requests are still served for DrainDelay, and requests in flight
// have DrainTimeout to finish.
func (d *Daemon) Run(ctx context.Context) (err error) {
	// Listen first: a port in use is reported before the store is opened, and early clients wait instead of being refused.
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", d.Config.ListenAddr)
	if err != nil {
		return listenError(err, names.EnvPort)
	}
	defer func() { _ = listener.Close() }() // already closed by the server, unless it never started
	keys, err := d.keyring()
	if err != nil {
		return err
	}
	store, err := d.Config.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	service := vault.NewService(store, keys, d.Config.limits(), d.trail(), d.Config.HashCost, time.Now)
	if err := service.CheckOpen(ctx); errors.Is(err, vault.ErrWaiting) {
		d.Log.Warn("restored from a backup: taking only reads and what devices send again", "until", "vaultsphered open")
	}
	handler, err := server.New(server.Config{
		Page: web.FS(), TrustedProxies: d.Config.TrustedProxies, Door: d.door(listener.Addr()), AuthRate: d.Config.AuthRate, UserRate: d.Config.UserRate,
		BreachAddress: d.Config.BreachAddress, Version: d.Config.Version,
	}, service, d.Log)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if err := d.serveMetrics(ctx, group, handler); err != nil {
		return err
	}
	api := d.httpServer(handler)
	group.Go(func() error {
		if err := api.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return d.drain(handler, api)
	})
	group.Go(func() error {
		d.deleteDue(ctx, service)
		return nil
	})
	d.addr = listener.Addr()
	close(d.ready)
	debug.FreeOSMemory() // release memory that only startup needed
	err = group.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	service.FinishAudit(last)
	d.Log.Info("stopped")
	return err
}

// deleteDue deletes removed users when it is time, until ctx is done. Each process does it.
func (d *Daemon) deleteDue(ctx context.Context, service *vault.Service) {
	again := time.NewTicker(deleteEvery)
	defer again.Stop()
	for {
		if err := service.DeleteDue(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("removed users not deleted", "cause", err.Error(), "again_in", deleteEvery.String())
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// drain waits for requests in flight. Idle connections stay open during the delay: a client may be sending a request on one.
func (d *Daemon) drain(handler *server.Server, api *http.Server) error {
	handler.Drain()
	d.Log.Info("draining", "delay", d.Config.DrainDelay.String(), "timeout", d.Config.DrainTimeout.String())
	time.Sleep(d.Config.DrainDelay)
	ctx, cancel := context.WithTimeout(context.Background(), d.Config.DrainTimeout)
	defer cancel()
	if err := api.Shutdown(ctx); err != nil {
		return fmt.Errorf("requests were still running after %s: %w", d.Config.DrainTimeout, errors.Join(err, api.Close()))
	}
	return nil
}

func (d *Daemon) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(d.Log.Handler(), slog.LevelDebug),
	}
}

// listenError adds the setting that changes the address.
func listenError(err error, setting string) error {
	return fmt.Errorf("%w: set another address with %s", err, setting)
}

// serveMetrics uses a separate listener, so the public one never serves metrics.
func (d *Daemon) serveMetrics(ctx context.Context, group *errgroup.Group, handler *server.Server) error {
	if d.Config.MetricsAddr == "" {
		return nil
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", d.Config.MetricsAddr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && d.Config.MetricsDefault:
		d.Log.Warn("no metrics: another program uses the port", "address", d.Config.MetricsAddr, "setting", envMetricsAddr)
		return nil
	case err != nil:
		return listenError(err, envMetricsAddr)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", handler.Metrics())
	metrics := d.httpServer(mux)
	group.Go(func() error {
		if err := metrics.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve metrics: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return metrics.Close()
	})
	d.Log.Debug("metrics", "address", listener.Addr().String())
	return nil
}

func (d *Daemon) keyring() (*vault.Keyring, error) {
	secret, from := d.Config.SessionSecret, "SESSION_SECRET"
	if secret == "" {
		var err error
		if secret, err = localSecret(d.Config.DataDir); err != nil {
			return nil, err
		}
		from = secretFile
	}
	keys, err := vault.ParseKeyring(secret)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return keys, nil
}

// door lets the first user register without an invitation if the server can be reached only from this machine. Package server
// decides which requests come from it.
func (d *Daemon) door(at net.Addr) vault.Door {
	tcp, ok := at.(*net.TCPAddr)
	return vault.Door{
		Open:  d.Config.Registration == names.RegistrationOpen,
		First: ok && tcp.IP.IsLoopback() && len(d.Config.TrustedProxies) == 0,
	}
}

func (c Config) open(ctx context.Context) (vault.Store, error) {
	if c.SQLitePath == "" {
		return dynamo.Open(ctx, c.DynamoDB)
	}
	return sqlite.Open(ctx, c.SQLitePath)
}

// trail logs events that are not stored, without the names in them.
func (d *Daemon) trail() vault.Trail {
	return vault.Trail{Keep: d.Config.auditLife(), Lines: d.Audit, Failed: func(e vault.Event, err error) {
		d.Log.Error("event lost", "request_id", e.Origin.Request, "kind", string(e.Kind), "count", e.Count, "cause", err.Error())
	}}
}

func (c Config) auditLife() time.Duration { return time.Duration(c.AuditDays) * 24 * time.Hour }

func (c Config) limits() vault.Limits {
	return vault.Limits{
		Attachments: int64(c.AttachmentMiB) << 20, Sessions: c.MaxSessions, Vaults: c.MaxVaults,
		Records: vault.Quota{Items: int64(c.MaxItems), Bytes: int64(c.RecordMiB) << 20},
	}
}

// Data describes where the vaults are stored.
func (c Config) Data() string {
	if c.SQLitePath == "" {
		return "the DynamoDB table " + c.DynamoDB.Users
	}
	return filepath.Dir(c.SQLitePath)
}
