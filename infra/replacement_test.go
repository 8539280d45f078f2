//go:build integration

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/names"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

const (
	chosenImage = names.HostImage + "ARM64"
	newestImage = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
)

// hosts returns a property of the running hosts.
func (e *engineer) hosts(query string) string {
	e.t.Helper()
	return e.aws("ec2 describe-instances --filters Name=instance-state-name,Values=running", "Reservations[].Instances[]."+query)
}

// chooseImage records an image for the host.
func (e *engineer) chooseImage(image string) {
	e.t.Helper()
	e.do("aws", "ssm", "put-parameter", "--overwrite", "--name", names.ParameterPath+chosenImage, "--value", image, "--type", "String")
}

// patch replaces a host with an old image by one with the newest.
func patch(e *engineer) {
	newest := e.hosts("ImageId")
	if out := e.do("make", "patch"); !strings.Contains(out, "replace-host.sh: the host has the newest image: "+newest+" (") {
		e.t.Errorf("patch of a host with the newest image: %s", out)
	}
	older := e.aws("ec2 describe-images --filters Name=architecture,Values=arm64", "Images[?ImageId!='"+newest+"'] | [0].ImageId")
	e.chooseImage(older)
	e.refused(`would replace the EC2 host .*ImageId ` + newest + ` becomes ` + older)
	e.do("make", "deploy", "REPLACE_HOST=yes")
	before, address := e.hosts("InstanceId"), e.aws("ec2 describe-addresses", "Addresses[].PublicIp")
	if out := e.do("scripts/replace-host.sh", "--look"); !strings.Contains(out, "the host's image is "+older+" (") ||
		!strings.Contains(out, "), the newest "+newest+" (") || e.hosts("InstanceId") != before || e.parameters()[chosenImage] != older {
		e.t.Errorf("a look at a newer image: %s", out)
	}
	e.do("make", "patch")
	e.compare([]answer{
		{"ec2 describe-instances --filters Name=instance-state-name,Values=running", "Reservations[].Instances[].ImageId", newest},
		{"ec2 describe-addresses", "Addresses[].PublicIp", address},
		{"ec2 describe-addresses", "Addresses[].InstanceId", e.hosts("InstanceId")},
		{"ssm get-parameter --name " + names.ParameterPath + chosenImage, "Parameter.Value", newest},
	})
	if now := e.hosts("InstanceId"); now == before {
		e.t.Errorf("the host is still %s", now)
	}
}

// move moves the host to the other zone and back.
func move(e *engineer) {
	zone, address := e.hosts("Placement.AvailabilityZone"), e.aws("ec2 describe-addresses", "Addresses[].PublicIp")
	e.do("make", "move")
	if now := e.hosts("Placement.AvailabilityZone"); now == zone {
		e.t.Errorf("the host is still in %s", now)
	}
	e.compare([]answer{
		{"ec2 describe-addresses", "Addresses[].PublicIp", address},
		{"ec2 describe-addresses", "Addresses[].InstanceId", e.hosts("InstanceId")},
	})
	if options, err := readOptions(filepath.Join(e.dir, optionsFile)); err != nil || fmt.Sprint(options[optHostZone]) != "2" {
		e.t.Errorf("the options are %v, %v, want zone 2", options, err)
	}
	e.do("make", "move")
	if now := e.hosts("Placement.AvailabilityZone"); now != zone {
		e.t.Errorf("the host is in %s, want %s", now, zone)
	}
}

// failedReplacement lets a replacement fail. CloudFormation rolls back the host, and replace-host.sh must restore the image and the zone.
func failedReplacement(e *engineer) {
	host, newest := e.hosts("InstanceId"), e.hosts("ImageId")
	older := e.aws("ec2 describe-images --filters Name=architecture,Values=arm64", "Images[?ImageId!='"+newest+"'] | [0].ImageId")
	e.chooseImage(older)
	options, err := os.ReadFile(filepath.Join(e.dir, optionsFile))
	must(e.t, err)
	engineer := *e
	dir := e.t.TempDir()
	program, err := exec.LookPath("make")
	must(e.t, err)
	must(e.t, executables.WriteFile(filepath.Join(dir, "make"), fmt.Appendf(nil, "#!/bin/sh\ncase \"$*\" in deploy*) exit 1;; esac\nexec %s \"$@\"\n", program), 0o755))
	engineer.env = append(slices.Clone(e.env), "PATH="+dir+":"+e.path)
	for _, command := range []string{"--newest", "--other-zone"} {
		out, code := engineer.try("scripts/replace-host.sh", command)
		if code != 1 || !strings.Contains(out, "replace-host.sh: error: the host was not replaced: the old one stays, and the change was undone\n") {
			e.t.Errorf("%s: exit %d: %s", command, code, out)
		}
	}
	if now, err := os.ReadFile(filepath.Join(e.dir, optionsFile)); err != nil || string(now) != string(options) {
		e.t.Errorf("the options are %s, %v, want %s", now, err, options)
	}
	if now := e.parameters()[chosenImage]; now != older || e.hosts("InstanceId") != host {
		e.t.Errorf("the chosen image is %s, want %s; the host is %s, want %s", now, older, e.hosts("InstanceId"), host)
	}
	e.chooseImage(newest)
}
