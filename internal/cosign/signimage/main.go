// Command signimage signs a pushed image with a key of AWS KMS. The key never leaves KMS.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"oras.land/oras-go/v2/registry"

	"github.com/vaultsphere/vaultsphere/internal/cosign"
)

const usage = `Usage: signimage --key KEY [--region REGION] REGISTRY/NAME@DIGEST

Puts a signature in cosign's format beside the image, in the same repository.
KEY is that of AWS KMS: an alias (alias/…), an id or an ARN. Credentials are
those of the AWS command line and of "docker login".
`

// errUsage marks invalid arguments, which lead to exit status 2.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := sign(ctx, args)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "signimage: error: %v\n%s", err, usage)
		return 2
	}
	fmt.Fprintf(stderr, "signimage: error: %v\n", err)
	return 1
}

func sign(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("signimage", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	key, region := flags.String("key", "", ""), flags.String("region", "", "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if *key == "" || flags.NArg() != 1 {
		return fmt.Errorf("%w: expected a key and one image", errUsage)
	}
	image, err := registry.ParseReference(flags.Arg(0))
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	digest, err := image.Digest()
	if err != nil {
		return fmt.Errorf("%w: %q has no digest", errUsage, flags.Arg(0))
	}
	name := image.Registry + "/" + image.Repository
	payload, err := cosign.Payload(name, digest)
	if err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(*region))
	if err != nil {
		return err
	}
	answer, err := kms.NewFromConfig(cfg).Sign(ctx, &kms.SignInput{
		KeyId: key, Message: payload, MessageType: types.MessageTypeRaw, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	if err != nil {
		return fmt.Errorf("sign with %s: %w", *key, said(err))
	}
	repository, err := cosign.Repository(name)
	if err != nil {
		return err
	}
	return cosign.Attach(ctx, repository, digest, cosign.Signature{Payload: payload, Signature: answer.Signature})
}

// said returns AWS's message without the client's additions.
func said(err error) error {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return errors.New(e.ErrorCode() + ": " + e.ErrorMessage())
	}
	return err
}
