package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/jsii-runtime-go"
)

// newBudget tells alarmEmail when the account costs more than was meant. It counts the whole account: by a tag it could count
// this platform alone, but only where somebody has activated the tag for billing, and would see nothing elsewhere. It has no
// name of its own, as CloudFormation replaces it when its mails change, and makes the new one first.
func newBudget(stack awscdk.Stack, c config) {
	mail := []any{&awsbudgets.CfnBudget_SubscriberProperty{SubscriptionType: jsii.String("EMAIL"), Address: jsii.String(c.alarmEmail)}}
	tell := func(kind string, percent float64) *awsbudgets.CfnBudget_NotificationWithSubscribersProperty {
		return &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{
				NotificationType: jsii.String(kind), ComparisonOperator: jsii.String("GREATER_THAN"),
				Threshold: jsii.Number(percent), ThresholdType: jsii.String("PERCENTAGE"),
			},
			Subscribers: mail,
		}
	}
	awsbudgets.NewCfnBudget(stack, jsii.String("Budget"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
			BudgetType:  jsii.String("COST"),
			TimeUnit:    jsii.String("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: jsii.Number(c.monthlyBudget), Unit: jsii.String("USD")},
		},
		NotificationsWithSubscribers: []any{tell("ACTUAL", 80), tell("ACTUAL", 100), tell("FORECASTED", 100)},
	})
}
