package recorded

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/declared"
)

// MetricAlarm is an alarm (aws:cloudwatch/metricAlarm:MetricAlarm) on one metric, or on
// an expression of several. Its id is its name. It never goes off here.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
type MetricAlarm struct {
	Name                              string            `json:"name" aws:"replace,autoname" rule:"length=1..255"`
	AlarmDescription                  string            `json:"alarmDescription,omitempty" rule:"length=0..1024"`
	ComparisonOperator                string            `json:"comparisonOperator" aws:"required" rule:"one=GreaterThanOrEqualToThreshold|GreaterThanThreshold|LessThanThreshold|LessThanOrEqualToThreshold|LessThanLowerOrGreaterThanUpperThreshold|LessThanLowerThreshold|GreaterThanUpperThreshold"`
	EvaluationPeriods                 int               `json:"evaluationPeriods" aws:"required"`
	DatapointsToAlarm                 int               `json:"datapointsToAlarm,omitempty"`
	Namespace                         string            `json:"namespace,omitempty" rule:"length=1..255"`
	MetricName                        string            `json:"metricName,omitempty" rule:"length=1..255"`
	Dimensions                        map[string]string `json:"dimensions,omitempty"`
	Period                            int               `json:"period,omitempty"` // seconds
	Statistic                         string            `json:"statistic,omitempty" rule:"one=SampleCount|Average|Sum|Minimum|Maximum"`
	ExtendedStatistic                 string            `json:"extendedStatistic,omitempty"` // such as p99
	Unit                              string            `json:"unit,omitempty" rule:"form=unit"`
	Threshold                         *float64          `json:"threshold,omitempty"`
	ThresholdMetricID                 string            `json:"thresholdMetricId,omitempty"`
	MetricQueries                     []MetricQuery     `json:"metricQueries,omitempty" rule:"length=1..20"`
	TreatMissingData                  string            `json:"treatMissingData,omitempty" rule:"one=missing|ignore|breaching|notBreaching"`
	EvaluateLowSampleCountPercentiles string            `json:"evaluateLowSampleCountPercentiles,omitempty" aws:"default" rule:"one=evaluate|ignore"`
	ActionsEnabled                    *bool             `json:"actionsEnabled,omitempty"` // nil means true
	AlarmActions                      []string          `json:"alarmActions,omitempty" rule:"length=1..5;form=arn"`
	OKActions                         []string          `json:"okActions,omitempty" rule:"length=1..5;form=arn"`
	InsufficientDataActions           []string          `json:"insufficientDataActions,omitempty" rule:"length=1..5;form=arn"`
	Tags                              map[string]string `json:"tags,omitempty"`
	TagsAll                           map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN                               string            `json:"arn,omitempty" aws:"computed"`
}

// MetricQuery is a metric that an alarm reads, or an expression of others by their ids.
type MetricQuery struct {
	ID         string       `json:"id" rule:"need"`
	Expression string       `json:"expression,omitempty" rule:"length=1..1024"`
	Label      string       `json:"label,omitempty"`
	Period     int          `json:"period,omitempty"` // seconds, of an expression
	ReturnData bool         `json:"returnData,omitempty"`
	Metric     *QueryMetric `json:"metric,omitempty"`
}

// QueryMetric is the metric of a MetricQuery.
type QueryMetric struct {
	Namespace  string            `json:"namespace,omitempty" rule:"need;length=1..255"`
	MetricName string            `json:"metricName" rule:"need;length=1..255"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
	Period     int               `json:"period" rule:"need"`
	Stat       string            `json:"stat" rule:"need"`
	Unit       string            `json:"unit,omitempty" rule:"form=unit"`
}

var (
	extendedStatistic = regexp.MustCompile(`^((p|tm|tc|ts|wm)(\d{1,2}(\.\d{1,10})?|100)|IQM|(PR|TC|TM|TS|WM)\([\d.]*%?:[\d.]*%?\))$`)
	queryID           = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)
)

func (a MetricAlarm) check() error {
	if err := exactlyOne(map[string]bool{"metricName": a.MetricName != "", "metricQueries": len(a.MetricQueries) > 0}); err != nil {
		return err
	}
	if err := exactlyOne(map[string]bool{"threshold": a.Threshold != nil, "thresholdMetricId": a.ThresholdMetricID != ""}); err != nil {
		return err
	}
	switch {
	case a.EvaluationPeriods < 1:
		return fmt.Errorf("evaluationPeriods is %d; legal are numbers from 1", a.EvaluationPeriods)
	case a.DatapointsToAlarm < 0 || a.DatapointsToAlarm > a.EvaluationPeriods:
		return fmt.Errorf("datapointsToAlarm is %d; legal are numbers from 1 to evaluationPeriods, which is %d", a.DatapointsToAlarm, a.EvaluationPeriods)
	case a.MetricName == "":
		for name, given := range map[string]bool{"namespace": a.Namespace != "", "period": a.Period != 0, "statistic": a.Statistic != "", "extendedStatistic": a.ExtendedStatistic != "", "dimensions": len(a.Dimensions) > 0, "unit": a.Unit != ""} {
			if given {
				return fmt.Errorf("%s is given beside metricQueries; legal is it in a query's metric", name)
			}
		}
		return a.checkQueries()
	case a.Namespace == "":
		return errors.New("namespace is required with metricName")
	case a.ExtendedStatistic != "" && !extendedStatistic.MatchString(a.ExtendedStatistic):
		return fmt.Errorf("extendedStatistic is %q; legal are such as p99, tm95 and IQM", a.ExtendedStatistic)
	}
	if err := exactlyOne(map[string]bool{"statistic": a.Statistic != "", "extendedStatistic": a.ExtendedStatistic != ""}); err != nil {
		return err
	}
	if err := checkPeriod("period", a.Period); err != nil {
		return err
	}
	return checkSpan(a.Period, a.EvaluationPeriods)
}

// checkPeriod refuses a period that alarms do not have.
func checkPeriod(path string, seconds int) error {
	if seconds != 10 && seconds != 20 && seconds != 30 && (seconds < 60 || seconds%60 != 0) {
		return fmt.Errorf("%s is %d; legal are 10, 20, 30 and multiples of 60 seconds", path, seconds)
	}
	return nil
}

// checkSpan refuses an alarm that looks back too far: over a day, or over a week with
// periods of an hour and more.
func checkSpan(seconds, periods int) error {
	most := 86400
	if seconds >= 3600 {
		most = 7 * 86400
	}
	if periods > most/seconds {
		return fmt.Errorf("evaluationPeriods is %d of %d seconds; legal are %d seconds in all", periods, seconds, most)
	}
	return nil
}

func (a MetricAlarm) checkQueries() error {
	returned, ids := 0, map[string]bool{}
	for i, q := range a.MetricQueries {
		path := fmt.Sprintf("metricQueries[%d]", i)
		if !queryID.MatchString(q.ID) || ids[q.ID] {
			return fmt.Errorf("%s.id is %q; legal are ids of letters, digits and _ that begin with a small letter, each once", path, q.ID)
		}
		ids[q.ID] = true
		if err := exactlyOne(map[string]bool{"expression": q.Expression != "", "metric": q.Metric != nil}); err != nil {
			return fmt.Errorf("%s.%w", path, err)
		}
		if q.ReturnData {
			returned++
		}
		period, at := q.Period, path+".period"
		if q.Metric != nil {
			period, at = q.Metric.Period, path+".metric.period"
			if stats := []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}; !slices.Contains(stats, q.Metric.Stat) && !extendedStatistic.MatchString(q.Metric.Stat) {
				return fmt.Errorf("%s.metric.stat is %q; legal are %s and such as p99", path, q.Metric.Stat, strings.Join(stats, ", "))
			}
		}
		if period == 0 {
			continue // an expression's, which then has that of its metrics
		}
		if err := checkPeriod(at, period); err != nil {
			return err
		}
		if err := checkSpan(period, a.EvaluationPeriods); err != nil {
			return err
		}
	}
	if a.ThresholdMetricID != "" && !ids[a.ThresholdMetricID] {
		return fmt.Errorf("thresholdMetricId is %q; legal are ids of metricQueries", a.ThresholdMetricID)
	}
	if want := 1; a.ThresholdMetricID == "" && returned != want {
		return fmt.Errorf("metricQueries has %d with returnData; legal is exactly one", returned)
	}
	return nil
}

// CompositeAlarm is an alarm on other alarms (aws:cloudwatch/compositeAlarm:CompositeAlarm).
// Its id is its name.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
type CompositeAlarm struct {
	AlarmName               string             `json:"alarmName" aws:"required,replace" rule:"length=1..255"`
	AlarmRule               string             `json:"alarmRule" aws:"required" rule:"length=1..10240"`
	AlarmDescription        string             `json:"alarmDescription,omitempty" rule:"length=0..1024"`
	ActionsEnabled          *bool              `json:"actionsEnabled,omitempty" aws:"replace"` // nil means true
	ActionsSuppressor       *ActionsSuppressor `json:"actionsSuppressor,omitempty"`
	AlarmActions            []string           `json:"alarmActions,omitempty" rule:"length=1..5;form=arn"`
	OKActions               []string           `json:"okActions,omitempty" rule:"length=1..5;form=arn"`
	InsufficientDataActions []string           `json:"insufficientDataActions,omitempty" rule:"length=1..5;form=arn"`
	Tags                    map[string]string  `json:"tags,omitempty"`
	TagsAll                 map[string]string  `json:"tagsAll,omitempty" aws:"computed"`
	ARN                     string             `json:"arn,omitempty" aws:"computed"`
}

// ActionsSuppressor is an alarm that keeps another's actions back; periods in seconds.
type ActionsSuppressor struct {
	Alarm           string `json:"alarm" rule:"need"`
	ExtensionPeriod *int   `json:"extensionPeriod" rule:"need"`
	WaitPeriod      *int   `json:"waitPeriod" rule:"need"`
}

var (
	alarmTerm  = regexp.MustCompile(`\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|([^\s"()]+))\s*\)`)
	ruleRemain = regexp.MustCompile(`^(?:\s|\(|\)|\b(?:AND|OR|NOT|TRUE|FALSE)\b)*$`)
)

func (a CompositeAlarm) check() error {
	if rest := alarmTerm.ReplaceAllString(a.AlarmRule, " TRUE "); !ruleRemain.MatchString(rest) || strings.Count(rest, "(") != strings.Count(rest, ")") {
		return fmt.Errorf(`alarmRule is %q; legal are ALARM("NAME"), OK("NAME"), INSUFFICIENT_DATA("NAME"), TRUE and FALSE, joined by AND, OR, NOT and parentheses`, clip(a.AlarmRule))
	}
	return nil
}

// Alarms returns the names, or ARNs, of the alarms that the rule is about.
func (a CompositeAlarm) Alarms() []string {
	var names []string
	for _, term := range alarmTerm.FindAllStringSubmatch(a.AlarmRule, -1) {
		names = append(names, term[1]+term[2])
	}
	return names
}

// Dashboard is a dashboard (aws:cloudwatch/dashboard:Dashboard). Its id is its name.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type Dashboard struct {
	DashboardName string `json:"dashboardName" aws:"required,replace" rule:"length=1..255;form=name"`
	DashboardBody string `json:"dashboardBody" aws:"required" rule:"form=json"`
	DashboardARN  string `json:"dashboardArn,omitempty" aws:"computed"`
}

func (d Dashboard) check() error {
	var body struct {
		Widgets []struct {
			Type       string `json:"type"`
			Properties any    `json:"properties"`
		} `json:"widgets"`
	}
	if err := json.Unmarshal([]byte(d.DashboardBody), &body); err != nil {
		return fmt.Errorf("dashboardBody cannot be read: %w; legal is a list of widgets, each with a type and properties", err)
	}
	for i, w := range body.Widgets {
		if types := []string{"alarm", "custom", "explorer", "log", "metric", "text"}; !slices.Contains(types, w.Type) {
			return fmt.Errorf("dashboardBody.widgets[%d].type is %q; legal are %s", i, w.Type, strings.Join(types, ", "))
		}
		if w.Properties == nil {
			return fmt.Errorf("dashboardBody.widgets[%d].properties is required", i)
		}
	}
	return nil
}

// LogMetricFilter makes a metric out of a log group's lines
// (aws:cloudwatch/logMetricFilter:LogMetricFilter). Its id is its name.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
type LogMetricFilter struct {
	Name                 string               `json:"name" aws:"replace,autoname" rule:"length=1..512"`
	LogGroupName         string               `json:"logGroupName" aws:"required,replace" rule:"length=1..512"`
	Pattern              string               `json:"pattern" aws:"required" rule:"length=0..1024"`
	MetricTransformation MetricTransformation `json:"metricTransformation" aws:"required"`
}

// MetricTransformation is the metric of a LogMetricFilter.
type MetricTransformation struct {
	Name         string            `json:"name" rule:"need;length=1..255"`
	Namespace    string            `json:"namespace" rule:"need;length=1..255"`
	Value        string            `json:"value" rule:"need;length=1..100"`
	DefaultValue string            `json:"defaultValue,omitempty"`
	Dimensions   map[string]string `json:"dimensions,omitempty"`
	Unit         string            `json:"unit,omitempty" rule:"form=unit"`
}

func (m MetricTransformation) check() error {
	if m.DefaultValue != "" && len(m.Dimensions) > 0 {
		return errors.New("defaultValue is given beside dimensions; legal is one of them")
	}
	if len(m.Dimensions) > 3 {
		return fmt.Errorf("dimensions has %d items; legal are 3 at most", len(m.Dimensions))
	}
	return nil
}

// The kinds of CloudWatch.
const (
	MetricAlarms     declared.Kind[MetricAlarm]     = Prefix + "cloudwatch.MetricAlarm"
	CompositeAlarms  declared.Kind[CompositeAlarm]  = Prefix + "cloudwatch.CompositeAlarm"
	Dashboards       declared.Kind[Dashboard]       = Prefix + "cloudwatch.Dashboard"
	LogMetricFilters declared.Kind[LogMetricFilter] = Prefix + "logs.MetricFilter"
)
