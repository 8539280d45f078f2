// Command vaultsphered is the VaultSphere server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
)

// version is set by the linker.
var version = "unknown"

const usage = `Usage: vaultsphered                            serve
       vaultsphered health                     exit 0 if the server on this machine answers, 1 if not
       vaultsphered invite [--admin] [URL]     print a link with which one person can register within seven days, as an administrator
                                               with --admin; URL is that of the page, such as https://vault.example.org
       vaultsphered users                      list the users
       vaultsphered users CHANGE USERNAME      suspend (end all sessions and refuse new ones), resume, remove (suspend, and delete the
                                               user and the vault after 30 days), delete (at once), unthrottle (forget wrong passwords),
                                               promote (make an administrator) or demote a user
       vaultsphered backup FILE                copy the embedded store and its session key to a new file; the server may run
       vaultsphered restore [--replace] FILE   restore them while no server runs; --replace overwrites existing data. The server then
                                               takes only what devices send again
       vaultsphered close                      the same for DynamoDB tables that AWS restored: take only what devices send again
       vaultsphered open                       take everything again
       vaultsphered version                    print the version

` + daemon.Usage

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

func run(args, environ []string, stdout, stderr io.Writer) int {
	err := command(args, environ, stdout, stderr)
	if errors.Is(err, errUsage) {
		fmt.Fprintf(stderr, "vaultsphered: error: %v\n\n%s", err, usage)
		return exitUsage
	}
	if err != nil {
		fmt.Fprintf(stderr, "vaultsphered: error: %v\n", err)
		return exitFailure
	}
	return 0
}

var errUsage = errors.New("unknown command")

func command(args, environ []string, stdout, stderr io.Writer) error {
	switch line := strings.Join(args, " "); {
	case line == "" || line == "serve":
		return serve(environ, stdout, stderr)
	case line == "health":
		return health(environ)
	case line == "version":
		fmt.Fprintln(stdout, version)
	case line == "help" || line == "-h" || line == "--help":
		fmt.Fprint(stdout, usage)
	case args[0] == "invite":
		return invite(environ, args[1:], stdout)
	case args[0] == "users":
		return users(environ, args[1:], stdout)
	case len(args) == 2 && args[0] == "backup" && isWord(args[1]):
		return backup(environ, args[1], stderr)
	case len(args) == 2 && args[0] == "restore" && isWord(args[1]):
		return restore(environ, args[1], false, stdout)
	case len(args) == 3 && args[0] == "restore" && args[1] == "--replace" && isWord(args[2]):
		return restore(environ, args[2], true, stdout)
	case line == "open":
		return onStore(environ, daemon.Config.Open)
	case line == "close":
		return onStore(environ, func(c daemon.Config, ctx context.Context) error { return c.Close(ctx, stdout) })
	default:
		return fmt.Errorf("%w: %q", errUsage, line)
	}
	return nil
}

func isWord(arg string) bool { return arg != "" && !strings.HasPrefix(arg, "-") }

// invite prints the link only on standard output, to keep it out of logs.
func invite(environ, args []string, stdout io.Writer) error {
	site, administrator := args, false
	if len(args) > 0 && args[0] == "--admin" {
		site, administrator = args[1:], true
	}
	if len(site) > 1 || len(site) == 1 && !isWord(site[0]) {
		return fmt.Errorf("%w: %q", errUsage, "invite "+strings.Join(args, " "))
	}
	return onStore(environ, func(config daemon.Config, ctx context.Context) error {
		link, err := config.Invite(ctx, strings.Join(site, ""), administrator)
		if link != "" {
			fmt.Fprintln(stdout, link)
		}
		return err
	})
}

// users lists the users, or changes one.
func users(environ, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return onStore(environ, func(config daemon.Config, ctx context.Context) error { return config.ListUsers(ctx, stdout) })
	}
	if len(args) != 2 || !daemon.IsUserChange(args[0]) || !isWord(args[1]) {
		return fmt.Errorf("%w: %q", errUsage, "users "+strings.Join(args, " "))
	}
	return onStore(environ, func(config daemon.Config, ctx context.Context) error { return config.ChangeUser(ctx, args[0], args[1]) })
}

func backup(environ []string, file string, stderr io.Writer) error {
	config, err := daemon.ConfigFromEnv(environ)
	if err != nil {
		return err
	}
	config.Version = version
	ctx, stop := untilSignal()
	defer stop()
	if err := config.Backup(ctx, file); err != nil {
		return err
	}
	if config.SessionSecret != "" {
		fmt.Fprintln(stderr, "vaultsphered: the backup does not contain SESSION_SECRET: back it up separately")
	}
	return nil
}

// onStore runs a command that needs only the store.
func onStore(environ []string, do func(daemon.Config, context.Context) error) error {
	config, err := daemon.StoreFromEnv(environ)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	return do(config, ctx)
}

func restore(environ []string, file string, replace bool, stdout io.Writer) error {
	config, err := daemon.ConfigFromEnv(environ)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	return config.Restore(ctx, file, replace, stdout)
}

// untilSignal returns a context that the first signal cancels; a second signal kills the process.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func serve(environ []string, stdout, stderr io.Writer) error {
	config, err := daemon.ConfigFromEnv(environ)
	if err != nil {
		return err
	}
	config.Version = version
	ctx, stop := untilSignal()
	defer stop()
	// Without a reader of its log, the server keeps running; a signal would end it.
	signal.Ignore(syscall.SIGPIPE)
	d := daemon.New(config, slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: config.LogLevel})))
	d.Audit = stdout
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

// reachable replaces an unspecified host, such as 0.0.0.0, with name, so the address can be opened on this machine.
func reachable(addr, name string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip.IsUnspecified()) {
		return net.JoinHostPort(name, port)
	}
	return addr
}

// health queries a server that runs with the same settings. It is the container's health check, because the image has no
// shell and no curl.
func health(environ []string) error {
	config, err := daemon.ConfigFromEnv(environ)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	// Use a numeric address: an image built from scratch may not resolve localhost.
	url := "http://" + reachable(config.ListenAddr, "127.0.0.1") + protocol.PathHealth
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
