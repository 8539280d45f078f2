package dynamo

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// keptPrefix begins the sort key of a token that is kept, in the vaults table: see keptID. There it is not in the index by revision, and
// does not count towards the size that an index limits.
const keptPrefix = "kept#"

// keptRow is the token of a record that a write deleted.
type keptRow struct {
	Vault   string `dynamodbav:"vault_id"`
	Row     string `dynamodbav:"row_id"`
	Deleted int64  `dynamodbav:"deleted_at"`
	TTL     int64  `dynamodbav:"expires_at"` // cleans up. Reads go by Deleted.
	Token   string `dynamodbav:"token"`
}

func keptID(l chain.Line) string { return keptPrefix + recordID(l) + "#" + l.Hash.String() }

// kept reports whether something that was deleted at a time is kept at now.
func kept(deleted int64, now time.Time) bool {
	return fromMillis(deleted).Add(vault.KeptLife).After(now)
}

// recordTable is the table of a sealed record.
func (s *Store) recordTable(k chain.RecordKind) string {
	if k == chain.RecordOverview {
		return s.table.Accounts
	}
	return s.table.Passwords
}

// History implements vault.Store.
func (s *Store) History(ctx context.Context, id chain.ID, from, to int64) (writes, operations [][]byte, err error) {
	pages := dynamodb.NewQueryPaginator(s.db, &dynamodb.QueryInput{
		TableName: &s.table.Vaults, ConsistentRead: aws.Bool(true), Limit: aws.Int32(historyPage),
		KeyConditionExpression:    aws.String(names.VaultsPartitionKey + " = :id AND row_id BETWEEN :from AND :to"),
		ExpressionAttributeValues: item{":id": str(id.String()), ":from": str(writeID(from)), ":to": str(writeID(to))},
	})
	for size := 0; pages.HasMorePages() && size < vault.HistoryBytes; {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, storeError(err)
		}
		rows, err := decodeAll[signedRow](page.Items)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range rows {
			if r.Row != writeID(from+int64(len(writes))) || size >= vault.HistoryBytes {
				return writes, operations, nil
			}
			writes, operations = append(writes, r.Encoded), append(operations, r.Operations)
			size += len(r.Encoded) + len(r.Operations)
		}
	}
	return writes, operations, nil
}

// historyPage is how many writes are read at a time. Their operations may be 116 KB each.
const historyPage = 25

// Tokens implements vault.Store.
func (s *Store) Tokens(ctx context.Context, id chain.ID, lines []chain.Line, now time.Time) ([]string, error) {
	tokens := make([]string, len(lines))
	for try := 1; ; try++ {
		head, err := s.upToDateHead(ctx, id)
		if errors.Is(err, vault.ErrNotFound) {
			return tokens, nil
		}
		if err != nil {
			return nil, err
		}
		late, err := s.readTokens(ctx, head, lines, tokens, now)
		if err != nil || !late || try == writeTries {
			return tokens, err
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// readTokens fills in tokens: first those of live records, then those that are kept. late means that the newest write changed the place of one
// that is missing. The rows of a transaction become visible one by one, so it may be there a moment later.
func (s *Store) readTokens(ctx context.Context, head headRow, lines []chain.Line, tokens []string, now time.Time) (late bool, err error) {
	records, err := s.recordsAt(ctx, head.Vault, lines)
	if err != nil {
		return false, err
	}
	var keys []item
	for i, l := range lines {
		if r, ok := records[recordID(l)]; ok && !r.Deleted {
			o, err := operationOf(r.Operation)
			if err != nil {
				return false, err
			}
			if o.Line == l {
				tokens[i] = r.Token
				continue
			}
		}
		keys = append(keys, vaultKey(head.Vault, keptID(l)))
	}
	rows, err := getAll[keptRow](ctx, s, s.table.Vaults, unique(keys, names.VaultsSortKey), "")
	if err != nil {
		return false, err
	}
	found := make(map[string]keptRow, len(rows))
	for _, r := range rows {
		found[r.Row] = r
	}
	for i, l := range lines {
		row, ok := found[keptID(l)]
		switch {
		case tokens[i] != "":
		case ok && kept(row.Deleted, now):
			tokens[i] = row.Token
		case !ok && records[recordID(l)].Revision >= head.Revision:
			late = true
		}
	}
	return late, nil
}

// unique drops keys that repeat, which a batch may not have.
func unique(keys []item, sort string) []item {
	seen := map[string]bool{}
	return slices.DeleteFunc(keys, func(k item) bool {
		id := k[sort].(*types.AttributeValueMemberS).Value
		was := seen[id]
		seen[id] = true
		return was
	})
}

// recordsAt reads the rows at the places of lines, by recordID.
func (s *Store) recordsAt(ctx context.Context, vaultID string, lines []chain.Line) (map[string]recordRow, error) {
	keys := map[string][]item{}
	for _, l := range lines {
		table := s.recordTable(l.Kind)
		keys[table] = append(keys[table], recordKey(vaultID, recordID(l)))
	}
	found := make(map[string]recordRow, len(lines))
	for table, keys := range keys {
		rows, err := getAll[recordRow](ctx, s, table, unique(keys, names.RecordsSortKey), "")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			found[r.RecordID] = r
		}
	}
	return found, nil
}
