package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"github.com/vaultsphere/vaultsphere/app/names"
)

const logRetention = awslogs.RetentionDays_THREE_MONTHS

// setting is an SSM parameter under names.ParameterPath that becomes an environment variable of the server.
type setting struct {
	name, meaning string
	value         func(config) string
}

func settings() []setting {
	fixed := func(v string) func(config) string { return func(config) string { return v } }
	table := func(v string) func(config) string { return func(c config) string { return c.deployment.Name(v) } }
	return []setting{
		{names.EnvAWSRegion, "region of the DynamoDB tables", func(c config) string { return c.region }},
		{names.EnvPort, "TCP port of the server", fixed(strconv.Itoa(names.DefaultPort))},
		{names.EnvStore, "store of the server", fixed(names.StoreDynamoDB)},
		{names.EnvUsersTable, "DynamoDB table of users", table(names.UsersTable)},
		{names.EnvAccountsTable, "DynamoDB table of accounts", table(names.AccountsTable)},
		{names.EnvPasswordsTable, "DynamoDB table of passwords", table(names.PasswordsTable)},
		{names.EnvSessionsTable, "DynamoDB table of sessions", table(names.SessionsTable)},
		{names.EnvVaultsTable, "DynamoDB table of vaults", table(names.VaultsTable)},
		{names.EnvEventsTable, "DynamoDB table of the audit trail", table(names.EventsTable)},
		{names.EnvAuditDays, "days that events of the audit trail are kept", func(c config) string { return strconv.Itoa(c.auditDays) }},
		{names.EnvRegistration, "who may register", func(c config) string { return c.registration }},
	}
}
