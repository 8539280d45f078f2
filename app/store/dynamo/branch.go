package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// branchRow is a branch in one row: protocol.MaxBranchWrites writes fit into the 400 KB of an item.
type branchRow struct {
	Vault  string `dynamodbav:"vault_id"`
	Row    string `dynamodbav:"row_id"`
	Joined int64  `dynamodbav:"joined"`
	Common int64  `dynamodbav:"common"`
	Tip    int64  `dynamodbav:"tip"`
	Writes []byte `dynamodbav:"writes"`
}

func (s *Store) putBranch(id string, b *vault.Branch) write {
	return put(s.table.Vaults, branchRow{
		Vault: id, Row: branchID(b.Join), Joined: b.Join, Common: b.Common, Tip: b.Tip(), Writes: b.EncodeWrites(),
	})
}

// Branch implements vault.Store. Vaults have few branches, and a quota bounds them, so it reads all that reach the revision.
func (s *Store) Branch(ctx context.Context, id chain.ID, revision int64, hash chain.Hash) (vault.Branch, error) {
	rows, err := queryAll[branchRow](ctx, s, &dynamodb.QueryInput{
		TableName:                 &s.table.Vaults,
		KeyConditionExpression:    aws.String(names.VaultsPartitionKey + " = :id AND begins_with(row_id, :prefix)"),
		FilterExpression:          aws.String("common < :revision AND tip >= :revision"),
		ExpressionAttributeValues: item{":id": str(id.String()), ":prefix": str(branchPrefix), ":revision": num(revision)},
	})
	if err != nil {
		return vault.Branch{}, err
	}
	for _, r := range rows {
		b, err := vault.ParseBranch(r.Common, r.Joined, r.Writes)
		if err != nil {
			return vault.Branch{}, fmt.Errorf("%w: unreadable branch: %w", vault.ErrStoreUnavailable, err)
		}
		if b.Has(revision, hash) {
			return b, nil
		}
	}
	return vault.Branch{}, fmt.Errorf("branch: %w", vault.ErrNotFound)
}
