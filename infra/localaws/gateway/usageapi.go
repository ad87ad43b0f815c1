package gateway

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

// UsagePrefix begins the paths that a UsageAPI answers.
const UsagePrefix = "/usageplans"

// UsageAPI is what the local AWS has of API Gateway's control plane: GetUsage. All
// else of it is declared through the provider.
type UsageAPI struct {
	gateway *Service
	iam     *iam.Service
}

// NewUsageAPI returns the API of the gateway's usage, to which iam lets callers in.
func NewUsageAPI(gateway *Service, iam *iam.Service) *UsageAPI { return &UsageAPI{gateway, iam} }

// Serve answers GET /usageplans/ID/usage, signed for apigateway, to those who are
// granted apigateway:GET on arn:aws:apigateway:REGION::/usageplans/ID/usage. Anything
// else below UsagePrefix is answered with UnknownOperationException.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html
func (a *UsageAPI) Serve(w http.ResponseWriter, r *http.Request, body []byte) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	id, rest, _ := strings.Cut(strings.TrimPrefix(path, UsagePrefix+"/"), "/")
	if r.Method != http.MethodGet || rest != "usage" || id == "" {
		audit.From(r.Context()).Service("apigateway")
		wire.WriteREST(w, r, wire.NewError("UnknownOperationException", "The local AWS does not know "+r.Method+" "+audit.Clip(path)+".").WithStatus(http.StatusNotFound))
		return
	}
	audit.From(r.Context()).Service("apigateway GetUsage")
	page, err := a.usage(r, body, id)
	if err != nil {
		wire.WriteREST(w, r, err)
		return
	}
	text, err := json.Marshal(page)
	if err != nil {
		wire.WriteREST(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", audit.From(r.Context()).RequestID)
	_, _ = w.Write(text) // a client that has gone away is no fault
}

// usagePage is the answer; its items are [used, remaining] a day, by the keys' ids.
type usagePage struct {
	UsagePlanID string                `json:"usagePlanId"`
	StartDate   string                `json:"startDate"`
	EndDate     string                `json:"endDate"`
	Position    string                `json:"position,omitempty"`
	Values      map[string][][2]int64 `json:"values"`
}

func badUsage(message string) error { return wire.NewError("BadRequestException", message) }

func (a *UsageAPI) usage(r *http.Request, body []byte, planID string) (*usagePage, error) {
	_, err := a.iam.Admit(r, body, "apigateway", iam.Request{
		Action: "apigateway:GET", Resource: "arn:aws:apigateway:" + a.gateway.cfg.Region + "::/usageplans/" + planID + "/usage",
	}, nil)
	if err != nil {
		return nil, restRefusal(err)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badUsage("The query string could not be read.")
	}
	page := &usagePage{UsagePlanID: planID, StartDate: query.Get("startDate"), EndDate: query.Get("endDate"), Values: map[string][][2]int64{}}
	from, err := time.Parse(time.DateOnly, page.StartDate)
	to, err2 := time.Parse(time.DateOnly, page.EndDate)
	switch {
	case err != nil || err2 != nil:
		return nil, badUsage("startDate and endDate are required, as YYYY-MM-DD.")
	case to.Before(from):
		return nil, badUsage("Usage start date must be on or before the end date.")
	case to.Sub(from) > 90*24*time.Hour:
		return nil, badUsage("The usage period must be at most 90 days.")
	}
	keys, err := a.usageKeys(planID, query, page)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		days, err := a.gateway.Usage(planID, key, from, to)
		if err != nil {
			return nil, err
		}
		values := make([][2]int64, len(days))
		for i, d := range days {
			values[i] = [2]int64{d.Used, d.Remaining}
		}
		page.Values[key] = values
	}
	return page, nil
}

// usageKeys returns the keys that the answer is about: the one that is asked for, or
// a page of the plan's in the order of their ids.
func (a *UsageAPI) usageKeys(planID string, query url.Values, page *usagePage) ([]string, error) {
	var all []string
	var there bool
	err := a.gateway.cfg.Store.View(func(tx *store.Tx) (err error) {
		if _, there, err = UsagePlans.Get(tx, planID); err != nil {
			return err
		}
		members, err := UsagePlanKeys.All(tx)
		for _, m := range members {
			if m.Value.UsagePlanID == planID {
				all = append(all, m.Value.KeyID)
			}
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, wire.NewError("NotFoundException", "Invalid Usage Plan ID specified").WithStatus(http.StatusNotFound)
	}
	if key := query.Get("keyId"); key != "" {
		if !slices.Contains(all, key) {
			return nil, wire.NewError("NotFoundException", "Invalid API Key identifier specified").WithStatus(http.StatusNotFound)
		}
		return []string{key}, nil
	}
	limit := 25
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 500 {
			return nil, badUsage("limit is not legal; legal are 1 to 500.")
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("position"))
	if err != nil {
		return nil, badUsage("Invalid position parameter")
	}
	slices.Sort(all)
	keys := slices.DeleteFunc(all, func(key string) bool { return key <= string(after) })
	if len(keys) > limit {
		keys = keys[:limit]
		page.Position = base64.RawURLEncoding.EncodeToString([]byte(keys[limit-1]))
	}
	return keys, nil
}

// restRefusal gives a refusal of IAM the status that REST services have for it.
func restRefusal(err error) error {
	if refusal, ok := err.(*wire.Error); ok {
		return refusal.WithStatus(http.StatusForbidden)
	}
	return err
}
