// Command vaultsphered is the VaultSphere server.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
)

// version is set by the linker.
var version = "unknown"

const usage = `Usage: vaultsphered            serve
       vaultsphered health     exit 0 if the server on this machine answers, 1 if not
       vaultsphered version    print the version

` + daemon.Usage

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

func run(args, environ []string, stdout, stderr io.Writer) int {
	if len(args) > 1 {
		fmt.Fprintf(stderr, "vaultsphered: error: one command at most, got %d\n\n%s", len(args), usage)
		return exitUsage
	}
	command := "serve"
	if len(args) == 1 {
		command = args[0]
	}
	var err error
	switch command {
	case "serve":
		err = serve(environ, stdout, stderr)
	case "health":
		err = health(environ)
	case "version":
		fmt.Fprintln(stdout, version)
	case "help", "-h", "--help":
		fmt.Fprint(stdout, usage)
	default:
		fmt.Fprintf(stderr, "vaultsphered: error: unknown command: %q\n\n%s", command, usage)
		return exitUsage
	}
	if err != nil {
		fmt.Fprintf(stderr, "vaultsphered: error: %v\n", err)
		return exitFailure
	}
	return 0
}

func serve(environ []string, stdout, stderr io.Writer) error {
	config, err := daemon.ConfigFromEnv(environ)
	if err != nil {
		return err
	}
	config.Version = version
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	d := daemon.New(config, slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: config.LogLevel})))
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-d.Ready():
		fmt.Fprintf(stdout, "vaultsphered: serving http://%s, data in %s\n", reachable(d.Addr(), "localhost"), config.Data())
		return <-ended
	}
}

// reachable turns the address of all interfaces into one that can be opened on this machine, where it is called name.
func reachable(addr, name string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip.IsUnspecified()) {
		return net.JoinHostPort(name, port)
	}
	return addr
}

// health asks the server of the same settings. It is the container's health check: the image has no shell and no curl.
func health(environ []string) error {
	config, err := daemon.ConfigFromEnv(environ)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	// By number: an image from scratch need not know who localhost is.
	url := "http://" + reachable(config.ListenAddr, "127.0.0.1") + api.PathHealth
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", req.URL, res.Status)
	}
	return nil
}
