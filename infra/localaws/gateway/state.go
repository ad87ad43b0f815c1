package gateway

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/limits"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/store"
)

// snapshot is an API as it was when a deployment of it was made; its stages serve it.
type snapshot struct {
	RestAPI    string    `json:"restApi"` // its id
	API        RestAPI   `json:"api"`
	DeployedAt time.Time `json:"deployedAt"`
}

var snapshots = store.Table[snapshot]{Name: "gateway.snapshots"}

// DeploymentDeclared takes the snapshot of the deployment's API as it is now. It fails
// when there is no such API, or when what it says is not supported.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
func (s *Service) DeploymentDeclared(tx *store.Tx, id string, d Deployment) error {
	api, ok, err := RestAPIs.Get(tx, d.RestAPI)
	if err != nil {
		return fmt.Errorf("deploying %s: %w", id, err)
	}
	if !ok {
		return fmt.Errorf("deploying %s: there is no REST API %q", id, d.RestAPI)
	}
	doc, err := readRestAPI(api)
	if err != nil {
		return fmt.Errorf("deploying %s: %w", id, err)
	}
	if len(doc.Methods) == 0 {
		return fmt.Errorf("deploying %s: the REST API doesn't contain any methods", id)
	}
	tx.Declares()
	return snapshots.Put(tx, id, snapshot{RestAPI: d.RestAPI, API: api, DeployedAt: s.cfg.Now().UTC()})
}

// DeploymentDeleted drops the deployment's snapshot. It fails while a stage serves it.
func (s *Service) DeploymentDeleted(tx *store.Tx, id string) error {
	stages, err := Stages.All(tx)
	if err != nil {
		return fmt.Errorf("deleting deployment %s: %w", id, err)
	}
	for _, stage := range stages {
		if stage.Value.Deployment == id {
			return fmt.Errorf("deleting deployment %s: active stages pointing to this deployment must be moved or deleted: %s", id, stage.Value.StageName)
		}
	}
	tx.Declares()
	return snapshots.Delete(tx, id)
}

// api is a compiled snapshot.
type api struct {
	*openapi.Document
	deployment string
	source     RestAPI
	resource   *authz.Policy // nil when the API has no policy
	disabled   bool
}

// stage is what one stage serves.
type stage struct {
	name      string // API/STAGE
	arn       string
	api       *api
	fault     error // why it cannot be served
	variables map[string]string
	settings  []methodThrottle
}

// methodThrottle is a limit that all callers of a stage's methods share.
type methodThrottle struct {
	path, verb string // * for any
	limit      limits.Throttle
}

// apiKey is a key with the plans it is in, by API/STAGE.
type apiKey struct {
	id, value string
	enabled   bool
	plans     map[string]*plan
}

type plan struct {
	id        string
	limit     *limits.Throttle
	quota     *limits.Quota
	apiStages map[string]map[string]limits.Throttle
}

// compiled is everything declared, in the form in which requests need it.
type compiled struct {
	generation uint64
	stages     map[string]*stage // by API/STAGE
	keys       map[[sha256.Size]byte]*apiKey
	keyIDs     map[string]bool // of keys
	plans      map[string]*plan
	members    map[string]bool // PLAN/KEY of the keys that are in a plan
}

// state returns what is declared, worked out again when the store's generation says
// that it changed.
func (s *Service) state() (*compiled, error) {
	if c := s.current.Load(); c != nil && c.generation == s.cfg.Store.Generation() {
		return c, nil
	}
	s.compile.Lock()
	defer s.compile.Unlock()
	before := s.current.Load()
	generation := s.cfg.Store.Generation() // read first: a change while we read is seen the next time
	if before != nil && before.generation == generation {
		return before, nil
	}
	c := &compiled{
		generation: generation, stages: map[string]*stage{}, keys: map[[sha256.Size]byte]*apiKey{}, keyIDs: map[string]bool{},
		plans: map[string]*plan{}, members: map[string]bool{},
	}
	if err := s.cfg.Store.View(func(tx *store.Tx) error { return s.read(tx, c, before) }); err != nil {
		return nil, fmt.Errorf("reading what is declared of the gateway: %w", err)
	}
	s.limits.Keep(c.limited, c.metered)
	s.current.Store(c)
	return c, nil
}

// limited reports whether the owner of a bucket, a stage or PLAN/KEY, is declared.
func (c *compiled) limited(owner string) bool { return c.stages[owner] != nil || c.members[owner] }

// metered reports whether the plan and the key are declared.
func (c *compiled) metered(planID, keyID string) bool {
	return c.plans[planID] != nil && c.keyIDs[keyID]
}

func (s *Service) read(tx *store.Tx, c, before *compiled) error {
	if err := s.readStages(tx, c, before); err != nil {
		return err
	}
	plans, err := UsagePlans.All(tx)
	if err != nil {
		return err
	}
	for _, p := range plans {
		c.plans[p.ID] = newPlan(p.ID, p.Value)
	}
	return c.readKeys(tx)
}

func (s *Service) readStages(tx *store.Tx, c, before *compiled) error {
	settings, err := StageMethods.All(tx)
	if err != nil {
		return err
	}
	stages, err := Stages.All(tx)
	if err != nil {
		return err
	}
	for _, entry := range stages {
		declared := entry.Value
		name := declared.RestAPI + "/" + declared.StageName
		st := &stage{name: name, arn: s.apiARN(declared.RestAPI) + "/" + declared.StageName, variables: declared.Variables}
		c.stages[name] = st
		snapshot, ok, err := snapshots.Get(tx, declared.Deployment)
		if err != nil {
			return err
		}
		if !ok || snapshot.RestAPI != declared.RestAPI {
			st.fault = fmt.Errorf("serving stage %s: the API has no deployment %q", name, declared.Deployment)
			continue
		}
		if before != nil {
			if old := before.stages[name]; old != nil && old.api != nil && old.api.deployment == declared.Deployment && reflect.DeepEqual(old.api.source, snapshot.API) {
				st.api = old.api
			}
		}
		if st.api == nil {
			st.api, st.fault = compileAPI(declared.Deployment, s.apiARN(declared.RestAPI), snapshot.API)
		}
		for _, m := range settings {
			if m.Value.RestAPI == declared.RestAPI && m.Value.StageName == declared.StageName {
				st.addSettings(m.Value)
			}
		}
	}
	return nil
}

// compileAPI makes the API ready to serve. What RestApi declares wins over the document.
func compileAPI(deployment, arn string, source RestAPI) (*api, error) {
	doc, err := openapi.Read(source.Body)
	if err != nil {
		return nil, err
	}
	a := &api{Document: doc, deployment: deployment, source: source, disabled: source.DisableExecuteAPIEndpoint}
	if source.BinaryMediaTypes != nil {
		doc.BinaryMediaTypes = source.BinaryMediaTypes
	}
	if source.APIKeySource != "" {
		doc.APIKeySource = source.APIKeySource
	}
	if source.MinimumCompressionSize != "" {
		if doc.MinimumCompressionSize, err = compressionSize(source); err != nil {
			return nil, err
		}
	}
	text := source.Policy
	if text == "" {
		text = doc.Policy
	}
	if text != "" {
		if a.resource, err = openapi.ParsePolicy(text, arn); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// addSettings takes the throttling of method settings; a method's own come before */*.
func (st *stage) addSettings(m MethodSettings) {
	d := m.Settings
	if d.ThrottlingRateLimit == nil && d.ThrottlingBurstLimit == nil {
		return
	}
	limit := limits.Throttle{}
	if d.ThrottlingRateLimit != nil {
		limit.Rate = *d.ThrottlingRateLimit
	}
	if d.ThrottlingBurstLimit != nil {
		limit.Burst = *d.ThrottlingBurstLimit
	}
	if limit.Rate < 0 || limit.Burst < 0 {
		return // -1 turns throttling off
	}
	path, verb, ok := cutLast(m.MethodPath)
	if !ok {
		return
	}
	t := methodThrottle{path: "/" + strings.Trim(strings.ReplaceAll(path, "~1", "/"), "/"), verb: verb, limit: limit}
	if m.MethodPath == "*/*" {
		t.path = "*"
		st.settings = append(st.settings, t)
		return
	}
	st.settings = slices.Insert(st.settings, 0, t)
}

func newPlan(id string, d UsagePlan) *plan {
	p := &plan{id: id, apiStages: map[string]map[string]limits.Throttle{}}
	if q := d.QuotaSettings; q != nil {
		p.quota = &limits.Quota{Limit: q.Limit, Offset: q.Offset, Period: q.Period}
	}
	if t := d.ThrottleSettings; t != nil && (t.RateLimit > 0 || t.BurstLimit > 0) {
		p.limit = &limits.Throttle{Rate: t.RateLimit, Burst: t.BurstLimit}
	}
	for _, a := range d.APIStages {
		methods := map[string]limits.Throttle{}
		for _, t := range a.Throttles {
			methods["/"+strings.TrimPrefix(t.Path, "/")] = limits.Throttle{Rate: t.RateLimit, Burst: t.BurstLimit}
		}
		p.apiStages[a.APIID+"/"+a.Stage] = methods
	}
	return p
}

func (c *compiled) readKeys(tx *store.Tx) error {
	keys, err := APIKeys.All(tx)
	if err != nil {
		return err
	}
	members, err := UsagePlanKeys.All(tx)
	if err != nil {
		return err
	}
	byID := map[string]*apiKey{}
	for _, k := range keys {
		key := &apiKey{id: k.ID, value: k.Value.Value, enabled: k.Value.Enabled == nil || *k.Value.Enabled, plans: map[string]*plan{}}
		byID[k.ID] = key
		if key.value != "" {
			c.keys[sha256.Sum256([]byte(key.value))] = key
			c.keyIDs[key.id] = true
		}
	}
	for _, m := range members {
		key, p := byID[m.Value.KeyID], c.plans[m.Value.UsagePlanID]
		if key == nil || p == nil {
			continue
		}
		for name := range p.apiStages {
			if _, taken := key.plans[name]; !taken { // the store lists plan keys in order: the first wins, always the same
				key.plans[name] = p
				c.members[p.id+"/"+key.id] = true
			}
		}
	}
	return nil
}
