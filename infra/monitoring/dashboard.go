package monitoring

import (
	"encoding/json"
	"fmt"
)

// dashboard writes the body of a dashboard: requests and errors, latency, and the
// functions.
//
// See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
func dashboard(args Args) (string, error) {
	api := func(metric, statistic, label string) []any {
		return []any{"AWS/ApiGateway", metric, "ApiName", args.Name, "Stage", args.StageName, map[string]any{"stat": statistic, "label": label}}
	}
	functions := func(metric, statistic string) [][]any {
		var lines [][]any
		for _, name := range args.Functions {
			lines = append(lines, []any{"AWS/Lambda", metric, "FunctionName", name, map[string]any{"stat": statistic, "label": name}})
		}
		return lines
	}
	var widgets []map[string]any
	graph := func(title string, lines ...[]any) {
		at := len(widgets)
		widgets = append(widgets, map[string]any{
			"type": "metric", "width": 12, "height": 6, "x": at % 2 * 12, "y": at / 2 * 6,
			"properties": map[string]any{"title": title, "region": args.Account.Region, "period": 300, "view": "timeSeries", "metrics": lines},
		})
	}
	graph("Requests and how they end", api("Count", "Sum", "all"), api("4XXError", "Sum", "4xx"), api("5XXError", "Sum", "5xx"))
	graph("Latency, ms", api("Latency", "p50", "half"), api("Latency", "p99", "all but one in a hundred"), api("IntegrationLatency", "p99", "of that, in functions"))
	graph("Errors of functions", functions("Errors", "Sum")...)
	graph("Duration of functions, ms", functions("Duration", "p99")...)
	graph("Invocations that were throttled", functions("Throttles", "Sum")...)
	graph("Functions at work", functions("ConcurrentExecutions", "Maximum")...)

	b, err := json.Marshal(map[string]any{"widgets": widgets})
	if err != nil {
		return "", fmt.Errorf("writing the dashboard of %s: %w", args.Name, err)
	}
	return string(b), nil
}
