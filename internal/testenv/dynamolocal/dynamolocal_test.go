//go:build system

package dynamolocal

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

func TestEndpointIsADynamoDB(t *testing.T) {
	db := dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(Endpoint(t)),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	if _, err := db.ListTables(context.Background(), &dynamodb.ListTablesInput{}); err != nil {
		t.Fatal(err)
	}
	if first, second := Endpoint(t), Endpoint(t); first != second {
		t.Error("a second call started a second server")
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	loopback.RefusesTakenPort(t, "./dynamodb-local.sh", "run", filepath.Join(t.TempDir(), "lock"))
}
