package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
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

// keptDays is what one author's card keeps, in bytes by day. A write replaces the whole row: only writes change it, and each is conditional
// on the head.
type keptDays struct {
	Vault string           `dynamodbav:"vault_id"`
	Row   string           `dynamodbav:"row_id"`
	Days  map[string]int64 `dynamodbav:"days"` // by vault.KeptDay
	TTL   int64            `dynamodbav:"expires_at"`
}

func keptDaysID(card chain.Hash) string { return "kept-days#" + card.String() }

// add returns the row after a change that keeps so many bytes, nil if it keeps none. Quota 0 means unlimited.
func (k keptDays) add(now time.Time, quota, bytes int64) (*keptDays, error) {
	if bytes == 0 {
		return nil, nil
	}
	first, sum := vault.FirstKeptDay(now), bytes
	next := keptDays{Vault: k.Vault, Row: k.Row, Days: map[string]int64{}, TTL: keptTTL()}
	for day, n := range k.Days {
		if d, err := strconv.ParseInt(day, 10, 64); err == nil && d >= first {
			next.Days[day] = n
			sum += n
		}
	}
	if quota > 0 && sum > quota {
		return nil, vault.ErrKeptQuota
	}
	next.Days[strconv.FormatInt(vault.KeptDay(now), 10)] += bytes
	return &next, nil
}

// keptTTL is by the real clock, as DynamoDB uses it when it deletes a row. All that is kept today has expired by then.
func keptTTL() int64 { return ttl(time.Now().Add(vault.KeptLife + 2*24*time.Hour)) }

// keep returns the row of a token that a write deletes, without the token.
func (p *planner) keep(l chain.Line) *keptRow {
	return &keptRow{Vault: p.vault, Row: keptID(l), Deleted: p.now.UnixMilli(), TTL: keptTTL()}
}

// withTokens adds the rows of tokens that rows keep. It reads them: marking the row of a record instead would write its token twice, there
// and in the index by revision, and a read costs an eighth of a write.
func (s *Store) withTokens(ctx context.Context, rows []stagedRow) ([]stagedRow, error) {
	for try := 1; ; try++ {
		all, err := s.moveTokens(ctx, rows)
		if err == nil || !errors.Is(err, errUnseen) || try == readTries {
			return all, err
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// errUnseen means that the rows of an earlier transaction are not all visible yet, or that the vault has moved on.
var errUnseen = fmt.Errorf("%w: a record is not there yet", vault.ErrStoreUnavailable)

func (s *Store) moveTokens(ctx context.Context, rows []stagedRow) ([]stagedRow, error) {
	keys := map[string][]item{}
	for _, r := range rows {
		if r.keeps != nil {
			keys[r.table] = append(keys[r.table], r.key())
		}
	}
	records := map[recordPlace]recordRow{}
	for table, keys := range keys {
		found, err := getAll[recordRow](ctx, s, table, keys, "")
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			records[recordPlace{table, r.RecordID}] = r
		}
	}
	all := make([]stagedRow, 0, 2*len(rows))
	for _, r := range rows {
		if r.keeps != nil {
			moved, err := s.moveToken(r, records[recordPlace{r.table, textOf(r.row, names.RecordsSortKey)}])
			if err != nil {
				return nil, err
			}
			all = append(all, moved...)
		}
		r.keeps = nil
		all = append(all, r)
	}
	return all, nil
}

// moveToken returns the row of the token that r keeps, and nothing if an earlier run of the redo log moved it: that was one transaction with
// the row that replaces it.
func (s *Store) moveToken(r stagedRow, stored recordRow) ([]stagedRow, error) {
	var next recordRow
	if err := decode(r.row, &next); err != nil {
		return nil, err
	}
	o, err := operationOf(stored.Operation)
	switch {
	case err == nil && stored.Deleted == next.Deleted && stored.Revision == next.Revision:
		return nil, nil
	case err != nil || stored.Deleted || keptID(o.Line) != r.keeps.Row:
		return nil, errUnseen
	}
	moved := *r.keeps
	moved.Token = stored.Token
	encoded, err := encode(moved)
	return []stagedRow{{table: s.table.Vaults, row: encoded}}, err
}

// key returns the key of the row of a record.
func (r stagedRow) key() item {
	return item{names.RecordsPartitionKey: r.row[names.RecordsPartitionKey], names.RecordsSortKey: r.row[names.RecordsSortKey]}
}

// textOf returns an attribute that is a text.
func textOf(row item, name string) string {
	text, _ := row[name].(*types.AttributeValueMemberS)
	if text == nil {
		return ""
	}
	return text.Value
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

// History implements vault.Store. A head can be visible a moment before its write, so a missing one is looked for again.
func (s *Store) History(ctx context.Context, id chain.ID, from, to int64) (writes, operations [][]byte, err error) {
	if from > to { // not a range to DynamoDB
		return nil, nil, nil
	}
	for try := 1; ; try++ {
		writes, operations, err = s.historyFrom(ctx, id, from, to)
		if err != nil || len(writes) > 0 || try == writeTries {
			return writes, operations, err
		}
		if err := pause(ctx, 1); err != nil {
			return nil, nil, err
		}
	}
}

func (s *Store) historyFrom(ctx context.Context, id chain.ID, from, to int64) (writes, operations [][]byte, err error) {
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
		if tokens[i], err = records[recordID(l)].tokenOf(l); err != nil {
			return false, err
		}
		if tokens[i] == "" {
			keys = append(keys, vaultKey(head.Vault, keptID(l)))
		}
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

// tokenOf returns the token of a line if r is the row of that line, live.
func (r recordRow) tokenOf(l chain.Line) (string, error) {
	if r.Vault == "" || r.Deleted {
		return "", nil
	}
	o, err := operationOf(r.Operation)
	if err != nil || o.Line != l {
		return "", err
	}
	return r.Token, nil
}

// unique drops keys that repeat, which a batch may not have.
func unique(keys []item, sort string) []item {
	seen := map[string]bool{}
	return slices.DeleteFunc(keys, func(k item) bool {
		id := textOf(k, sort)
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
