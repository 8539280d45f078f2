package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Attachments lie in the passwords table: a small row for each, which lists read, and a row for each piece. They have no
// revision, so the index that Changes reads does not hold them. How much room a user's pieces take is counted in the
// user's row, which is in every transaction that adds or removes some.

// attachmentRow is what is known of an attachment. Its row is there before its first piece and after its last.
type attachmentRow struct {
	UserID   string `dynamodbav:"user_id"`
	RecordID string `dynamodbav:"record_id"`
	ID       string `dynamodbav:"attachment_id"`
	Count    int    `dynamodbav:"piece_count"`
	Pieces   int    `dynamodbav:"pieces"`
	Bytes    int64  `dynamodbav:"piece_bytes"`
	Uploaded int64  `dynamodbav:"uploaded"`
}

type pieceRow struct {
	UserID   string `dynamodbav:"user_id"`
	RecordID string `dynamodbav:"record_id"`
	Count    int    `dynamodbav:"piece_count"`
	Token    string `dynamodbav:"token"`
}

const (
	attachmentPrefix = "attachment#"
	// maxPieceDeletes keeps what one transaction removes below the 4 MB that it may be about.
	maxPieceDeletes = 12
)

func attachmentKey(userID, attachment string) item {
	return item{"user_id": str(userID), "record_id": str(attachmentPrefix + attachment)}
}

func pieceID(attachment string, number int) string {
	return fmt.Sprintf("piece#%s#%03d", attachment, number)
}

func pieceKey(userID, attachment string, number int) item {
	return item{"user_id": str(userID), "record_id": str(pieceID(attachment, number))}
}

// PutPiece implements vault.Store.
func (s *Store) PutPiece(ctx context.Context, name vault.Username, p vault.Piece, now time.Time, quota int64) error {
	u, err := s.userRow(ctx, name)
	if err != nil {
		return err
	}
	row, err := encode(pieceRow{UserID: u.ID, RecordID: pieceID(p.Attachment, p.Number), Count: p.Count, Token: p.Token})
	if err != nil {
		return err
	}
	size := int64(len(p.Token))
	room := quota - size
	fits := "attachment_bytes <= :room"
	if room >= 0 {
		fits = "(attribute_not_exists(attachment_bytes) OR " + fits + ")"
	}
	err = s.transact(ctx,
		types.TransactWriteItem{Update: &types.Update{
			TableName: &s.table.Users, Key: userKey(name),
			UpdateExpression:                    aws.String("SET attachment_bytes = if_not_exists(attachment_bytes, :zero) + :size"),
			ConditionExpression:                 aws.String(isUser + " AND " + fits),
			ExpressionAttributeValues:           item{":id": str(u.ID), ":zero": num(0), ":size": num(size), ":room": num(room)},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		types.TransactWriteItem{Update: &types.Update{
			TableName: &s.table.Passwords, Key: attachmentKey(u.ID, p.Attachment),
			UpdateExpression: aws.String("SET attachment_id = :attachment, piece_count = :count, uploaded = :now, " +
				"pieces = if_not_exists(pieces, :zero) + :one, piece_bytes = if_not_exists(piece_bytes, :zero) + :size"),
			ConditionExpression: aws.String("attribute_not_exists(record_id) OR piece_count = :count"),
			ExpressionAttributeValues: item{
				":attachment": str(p.Attachment), ":count": num(int64(p.Count)), ":now": num(now.UnixMilli()),
				":zero": num(0), ":one": num(1), ":size": num(size),
			},
		}},
		types.TransactWriteItem{Put: &types.Put{
			TableName: &s.table.Passwords, Item: row, ConditionExpression: aws.String("attribute_not_exists(record_id)"),
		}},
	)
	var r *refused
	switch {
	case errors.As(err, &r):
		return s.pieceRefused(ctx, u, p, r)
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// pieceRefused explains the refusal of PutPiece's transaction. The piece itself comes first: that it is there already is
// no failure, even if by now there would be no room for it.
func (s *Store) pieceRefused(ctx context.Context, u userRow, p vault.Piece, r *refused) error {
	held, err := s.Piece(ctx, vault.UserID(u.ID), p.Attachment, p.Number)
	switch {
	case err == nil && held.Count == p.Count && held.Token == p.Token:
		return nil
	case err == nil:
		return vault.ErrPieceTaken
	case !errors.Is(err, vault.ErrNotFound):
		return err
	}
	if _, ok := r.at(0); !ok {
		return vault.ErrPieceTaken // the attachment has another count
	}
	if err := userConflict(r, vault.UserID(u.ID)); !errors.Is(err, vault.ErrConflict) {
		return err
	}
	return vault.ErrQuotaReached
}

// Piece implements vault.Store.
func (s *Store) Piece(ctx context.Context, id vault.UserID, attachment string, number int) (protocol.Piece, error) {
	var row pieceRow
	if err := s.passwordsRow(ctx, pieceKey(string(id), attachment, number), &row); err != nil {
		return protocol.Piece{}, fmt.Errorf("piece: %w", err)
	}
	return protocol.Piece{Count: row.Count, Token: row.Token}, nil
}

// passwordsRow reads a row of the passwords table. ErrNotFound.
func (s *Store) passwordsRow(ctx context.Context, key item, out any) error {
	r, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table.Passwords, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return storeError(err)
	}
	if len(r.Item) == 0 {
		return vault.ErrNotFound
	}
	return decode(r.Item, out)
}

// Attachments implements vault.Store.
func (s *Store) Attachments(ctx context.Context, id vault.UserID) ([]protocol.Attachment, error) {
	rows, err := s.attachmentRows(ctx, string(id))
	if err != nil {
		return nil, err
	}
	list := make([]protocol.Attachment, 0, len(rows))
	for _, r := range rows {
		list = append(list, protocol.Attachment{
			ID: r.ID, Count: r.Count, Pieces: r.Pieces, Bytes: r.Bytes, Uploaded: fromMillis(r.Uploaded),
		})
	}
	return list, nil
}

func (s *Store) attachmentRows(ctx context.Context, userID string) ([]attachmentRow, error) {
	pages := dynamodb.NewQueryPaginator(s.db, &dynamodb.QueryInput{
		TableName: &s.table.Passwords, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("user_id = :id AND begins_with(record_id, :prefix)"),
		ExpressionAttributeValues: item{":id": str(userID), ":prefix": str(attachmentPrefix)},
	})
	var rows []attachmentRow
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, storeError(err)
		}
		for _, found := range page.Items {
			var r attachmentRow
			if err := decode(found, &r); err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// DeleteAttachment implements vault.Store. The attachment's own row goes last, since it is how a later call finds what is left.
func (s *Store) DeleteAttachment(ctx context.Context, name vault.Username, attachment string) error {
	u, err := s.userRow(ctx, name)
	if err != nil {
		return err
	}
	key := attachmentKey(u.ID, attachment)
	var row attachmentRow
	if err := s.passwordsRow(ctx, key, &row); err != nil {
		return fmt.Errorf("attachment: %w", err)
	}
	if err := s.deletePieces(ctx, row); err != nil {
		return err
	}
	err = s.transact(ctx,
		types.TransactWriteItem{Update: &types.Update{
			TableName: &s.table.Users, Key: userKey(name),
			UpdateExpression:                    aws.String("SET attachment_bytes = attachment_bytes - :bytes"),
			ConditionExpression:                 aws.String(isUser),
			ExpressionAttributeValues:           item{":id": str(u.ID), ":bytes": num(row.Bytes)},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		types.TransactWriteItem{Delete: &types.Delete{
			TableName: &s.table.Passwords, Key: key,
			// A piece that was put in the meantime would be left without a row that names it.
			ConditionExpression:       aws.String("pieces = :pieces"),
			ExpressionAttributeValues: item{":pieces": num(int64(row.Pieces))},
		}},
	)
	return userConflict(err, vault.UserID(u.ID))
}

func (s *Store) deletePieces(ctx context.Context, row attachmentRow) error {
	keys := make([]item, row.Count)
	for i := range keys {
		keys[i] = pieceKey(row.UserID, row.ID, i+1)
	}
	for len(keys) > 0 {
		n := min(len(keys), maxPieceDeletes)
		if err := s.deleteRows(ctx, s.table.Passwords, keys[:n]); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// deleteAllPieces leaves the attachments' own rows to the sweep of the table.
func (s *Store) deleteAllPieces(ctx context.Context, userID string) error {
	rows, err := s.attachmentRows(ctx, userID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := s.deletePieces(ctx, row); err != nil {
			return err
		}
	}
	return nil
}
