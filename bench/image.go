package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
)

const coldStarts = 5

// imageRows builds the server's image from this work tree and starts it as a host does.
func imageRows(ctx context.Context, _, dir string) (rows []row, err error) {
	d, err := newDocker(filepath.Join(dir, "docker"))
	if err != nil {
		return nil, fmt.Errorf("measure the image: %w", err)
	}
	name := fmt.Sprintf("vaultsphere-bench-%d", os.Getpid())
	if _, err := d.run(ctx, "make", "image", "IMAGE="+name); err != nil {
		return nil, err
	}
	image, err := d.run(ctx, "docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name)
	if err != nil {
		return nil, err
	}
	defer d.remove(&err, "image", "rm", image)
	said, err := d.run(ctx, "docker", "image", "inspect", "--format", "{{.Size}}", image)
	if err != nil {
		return nil, err
	}
	size, err := strconv.ParseFloat(said, 64)
	if err != nil {
		return nil, fmt.Errorf("size of the image: %w", err)
	}
	if _, err := d.run(ctx, "docker", "network", "create", name); err != nil {
		return nil, err
	}
	defer d.remove(&err, "network", "rm", name)
	var starts []time.Duration
	for range coldStarts {
		took, err := d.coldStart(ctx, name, image)
		if err != nil {
			return nil, err
		}
		starts = append(starts, took)
	}
	return []row{
		{"image: size", size / 1e6, 25, "MB"},
		{fmt.Sprintf("image: docker run to ready, on an empty volume, median of %d", coldStarts), median(starts).Seconds(), 1, "s"},
	}, nil
}

// docker runs commands in an environment with a Docker engine.
type docker struct{ env []string }

func newDocker(config string) (*docker, error) {
	e, err := engine.Find()
	if err != nil {
		return nil, err
	}
	env, err := e.Environ(config)
	if err != nil {
		return nil, err
	}
	build, err := e.Build(env)
	if err != nil {
		return nil, err
	}
	return &docker{append(env, build...)}, nil
}

// run returns the command's standard output.
func (d *docker) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // constants and generated names
	cmd.Env = d.env
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, complaints.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// remove removes a Docker object even if ctx has ended, and adds its error to *err.
func (d *docker) remove(err *error, args ...string) {
	_, failed := d.run(context.Background(), "docker", args...)
	*err = errors.Join(*err, failed)
}

// coldStart returns the time from starting a new container until the server is ready.
func (d *docker) coldStart(ctx context.Context, name, image string) (took time.Duration, err error) {
	port, err := freePort(ctx)
	if err != nil {
		return 0, err
	}
	s := &server{url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	began := time.Now()
	container, err := d.run(ctx, "docker", "run", "--detach", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
		"--network", name, "--volume", "/data", "--publish", fmt.Sprintf("127.0.0.1:%d:%d", port, names.DefaultPort), image)
	if err != nil {
		return 0, err
	}
	defer d.remove(&err, "rm", "--force", "--volumes", container)
	for time.Since(began) < 30*time.Second {
		if s.get(ctx, names.PathReady) == nil {
			return time.Since(began), nil
		}
		time.Sleep(time.Millisecond)
	}
	log, err := d.run(ctx, "sh", "-c", `docker logs "$0" 2>&1`, container)
	return 0, errors.Join(fmt.Errorf("the container is not ready after 30 s: %s", log), err)
}
