package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// write is one item of a transaction, or the error of building it. If its condition fails, DynamoDB returns the existing row.
type write struct {
	item   types.TransactWriteItem
	err    error
	change *vault.Change // appended to the feed instead of item
}

type condition = expression.ConditionBuilder

// value encodes a number or a string, including named types; it leaves a types.AttributeValue unchanged.
func value(v any) expression.ValueBuilder { return expression.Value(v) }

func attribute(name string) expression.NameBuilder { return expression.Name(name) }

// isUser is the condition that a row of the users table belongs to this user, who is not being deleted.
func isUser(id vault.UserID) condition {
	return attribute("user_id").Equal(value(id)).And(attribute("deleting").AttributeNotExists())
}

// isNew is the condition that the row does not exist. keyName is a key attribute of its table.
func isNew(keyName string) condition { return attribute(keyName).AttributeNotExists() }

const returnOld = types.ReturnValuesOnConditionCheckFailureAllOld

// put writes a whole row.
func put(table string, row any, when ...condition) write {
	encoded, err := encode(row)
	if err != nil {
		return write{err: err}
	}
	e, err := build(expression.NewBuilder(), when)
	return write{item: types.TransactWriteItem{Put: &types.Put{
		TableName: &table, Item: encoded, ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(), ReturnValuesOnConditionCheckFailure: returnOld,
	}}, err: err}
}

// update sets the attributes that the struct set encodes to, and applies u.
func update(table string, key item, set any, u expression.UpdateBuilder, when condition) write {
	attributes, err := encode(set)
	if err != nil {
		return write{err: err}
	}
	for name, v := range attributes {
		u = u.Set(attribute(name), value(v))
	}
	e, err := build(expression.NewBuilder().WithUpdate(u), []condition{when})
	return write{item: types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: key, UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(), ReturnValuesOnConditionCheckFailure: returnOld,
	}}, err: err}
}

// upsert sets the attributes that the struct set encodes to, and applies u, in a row that may not exist.
func upsert(table string, key item, set any, u expression.UpdateBuilder) write {
	attributes, err := encode(set)
	if err != nil {
		return write{err: err}
	}
	for name, v := range attributes {
		u = u.Set(attribute(name), value(v))
	}
	e, err := expression.NewBuilder().WithUpdate(u).Build()
	return write{item: types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: key, UpdateExpression: e.Update(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}, err: err}
}

// remove deletes a row.
func remove(table string, key item, when ...condition) write {
	e, err := build(expression.NewBuilder(), when)
	return write{item: types.TransactWriteItem{Delete: &types.Delete{
		TableName: &table, Key: key, ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(), ReturnValuesOnConditionCheckFailure: returnOld,
	}}, err: err}
}

// require writes nothing: the transaction fails unless the condition holds for the row.
func require(table string, key item, when condition) write {
	e, err := build(expression.NewBuilder(), []condition{when})
	return write{item: types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &table, Key: key, ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(), ReturnValuesOnConditionCheckFailure: returnOld,
	}}, err: err}
}

func build(b expression.Builder, when []condition) (expression.Expression, error) {
	if len(when) == 0 {
		return expression.Expression{}, nil // Build fails on an empty builder
	}
	return b.WithCondition(when[0]).Build()
}
