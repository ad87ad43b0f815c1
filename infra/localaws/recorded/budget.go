package recorded

import (
	"errors"
	"fmt"

	"auth-api/infra/localaws/declared"
)

// Budget is a budget (aws:budgets/budget:Budget). Its id is ACCOUNT:NAME. Nothing costs
// anything here.
//
// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
type Budget struct {
	Name            string            `json:"name" aws:"replace,autoname" rule:"length=1..100"`
	BudgetType      string            `json:"budgetType" aws:"required" rule:"one=COST|USAGE|RI_UTILIZATION|RI_COVERAGE|SAVINGS_PLANS_UTILIZATION|SAVINGS_PLANS_COVERAGE"`
	TimeUnit        string            `json:"timeUnit" aws:"required" rule:"one=DAILY|MONTHLY|QUARTERLY|ANNUALLY"`
	LimitAmount     string            `json:"limitAmount,omitempty" aws:"default" rule:"form=decimal"`
	LimitUnit       string            `json:"limitUnit,omitempty" aws:"default"` // USD for COST
	CostFilters     []CostFilter      `json:"costFilters,omitempty" aws:"default"`
	TimePeriodStart string            `json:"timePeriodStart,omitempty" aws:"default" rule:"form=day"`
	TimePeriodEnd   string            `json:"timePeriodEnd,omitempty" rule:"form=day"`
	Notifications   []Notification    `json:"notifications,omitempty" rule:"length=1..10"`
	Tags            map[string]string `json:"tags,omitempty"`
	TagsAll         map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	AccountID       string            `json:"accountId,omitempty" aws:"computed"`
	ARN             string            `json:"arn,omitempty" aws:"computed"`
}

// CostFilter says which costs count.
type CostFilter struct {
	Name   string   `json:"name" rule:"need"` // such as TagKeyValue
	Values []string `json:"values" rule:"need"`
}

// Notification tells of a budget that is or will be used up.
type Notification struct {
	ComparisonOperator       string   `json:"comparisonOperator" rule:"need;one=GREATER_THAN|LESS_THAN|EQUAL_TO"`
	NotificationType         string   `json:"notificationType" rule:"need;one=ACTUAL|FORECASTED"`
	Threshold                *float64 `json:"threshold" rule:"need"`
	ThresholdType            string   `json:"thresholdType" rule:"need;one=PERCENTAGE|ABSOLUTE_VALUE"`
	SubscriberEmailAddresses []string `json:"subscriberEmailAddresses,omitempty" rule:"length=1..10"`
	SubscriberSNSTopicARNs   []string `json:"subscriberSnsTopicArns,omitempty" rule:"length=1..1;form=arn"`
}

func (n Notification) check() error {
	if len(n.SubscriberEmailAddresses)+len(n.SubscriberSNSTopicARNs) == 0 {
		return errors.New("subscriberEmailAddresses and subscriberSnsTopicArns are both missing; legal are up to 10 addresses and 1 topic, at least one of them")
	}
	for i, address := range n.SubscriberEmailAddresses {
		if !emailPattern.MatchString(address) {
			return fmt.Errorf("subscriberEmailAddresses[%d] is %q; legal are email addresses", i, clip(address))
		}
	}
	return nil
}

func (b Budget) check() error {
	if (b.LimitAmount == "") != (b.LimitUnit == "") {
		return errors.New("limitAmount and limitUnit belong together; legal are both or none")
	}
	if (b.BudgetType == "COST" || b.BudgetType == "USAGE") && b.LimitAmount == "" {
		return fmt.Errorf("limitAmount is required with the budgetType %s", b.BudgetType)
	}
	return nil
}

// Budgets is the kind of budgets.
const Budgets declared.Kind[Budget] = Prefix + "budgets.Budget"
