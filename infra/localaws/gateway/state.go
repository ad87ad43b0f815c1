package gateway

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"strings"
	"time"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/store"
)

// Snapshot is an API as it was when a deployment of it was made; its stages serve it.
type Snapshot struct {
	RestAPI    string    `json:"restApi"` // its id
	API        RestAPI   `json:"api"`
	DeployedAt time.Time `json:"deployedAt"`
}

var snapshots = store.Table[Snapshot]{Name: "gateway.snapshots"}

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
	if err := CheckRestAPI(api); err != nil {
		return fmt.Errorf("deploying %s: %w", id, err)
	}
	doc, err := readDocument(api.Body)
	if err != nil {
		return fmt.Errorf("deploying %s: %w", id, err)
	}
	if len(doc.methods) == 0 {
		return fmt.Errorf("deploying %s: the REST API doesn't contain any methods", id)
	}
	tx.Declares()
	return snapshots.Put(tx, id, Snapshot{RestAPI: d.RestAPI, API: api, DeployedAt: s.cfg.Now().UTC()})
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

// parsePolicy reads the resource policy of the API whose ARN this is, or, with an
// empty ARN, that of an API which has none yet, to be checked alone. Its resources may
// have the short form execute-api:/STAGE/VERB/PATH, which stands for the API's own.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html
func parsePolicy(document, apiARN string) (*authz.Policy, error) {
	return authz.ParseResource(document, func(pattern string) string {
		if rest, ok := strings.CutPrefix(pattern, "execute-api:/"); ok {
			return apiARN + "/" + rest
		}
		return pattern
	})
}

// api is a compiled snapshot.
type api struct {
	*document
	deployment string
	source     RestAPI
	router     *router
	resource   *authz.Policy // nil when the API has no policy
	disabled   bool
}

// stage is what one stage serves.
type stage struct {
	api       *api
	fault     error // why it cannot be served
	variables map[string]string
	settings  []methodThrottle
}

// methodThrottle is a limit that all callers of a stage's methods share.
type methodThrottle struct {
	path, verb string // * for any
	limit      throttle
}

type throttle struct {
	rate  float64 // requests a second
	burst int
}

// apiKey is a key with the plans it is in, by API/STAGE.
type apiKey struct {
	id, name string
	value    string
	enabled  bool
	plans    map[string]*plan
}

type plan struct {
	id        string
	name      string
	limit     *throttle
	quota     *QuotaSettings
	apiStages map[string]map[string]throttle
}

// compiled is everything declared, in the form in which requests need it.
type compiled struct {
	generation uint64
	stages     map[string]*stage // by API/STAGE
	keys       map[[sha256.Size]byte]*apiKey
	plans      map[string]*plan
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
	c := &compiled{generation: generation, stages: map[string]*stage{}, keys: map[[sha256.Size]byte]*apiKey{}, plans: map[string]*plan{}}
	if err := s.cfg.Store.View(func(tx *store.Tx) error { return s.read(tx, c, before) }); err != nil {
		return nil, fmt.Errorf("reading what is declared of the gateway: %w", err)
	}
	s.usage.keep(c)
	s.limits.keep(c)
	s.current.Store(c)
	return c, nil
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
		st := &stage{variables: declared.Variables}
		name := declared.RestAPI + "/" + declared.StageName
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
			if old := before.stages[name]; old != nil && old.api != nil && old.api.deployment == declared.Deployment && old.api.same(snapshot.API) {
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

func (a *api) same(b RestAPI) bool {
	return a.source.Body == b.Body && a.source.Policy == b.Policy && a.source.MinimumCompressionSize == b.MinimumCompressionSize &&
		a.source.APIKeySource == b.APIKeySource && a.source.DisableExecuteAPIEndpoint == b.DisableExecuteAPIEndpoint &&
		slices.Equal(a.source.BinaryMediaTypes, b.BinaryMediaTypes)
}

// compileAPI makes the API ready to serve. What RestApi declares wins over the document.
func compileAPI(deployment, arn string, source RestAPI) (*api, error) {
	doc, err := readDocument(source.Body)
	if err != nil {
		return nil, err
	}
	a := &api{document: doc, deployment: deployment, source: source, router: newRouter(doc.methods), disabled: source.DisableExecuteAPIEndpoint}
	if source.BinaryMediaTypes != nil {
		doc.binaryTypes = source.BinaryMediaTypes
	}
	if source.APIKeySource != "" {
		doc.keySource = source.APIKeySource
	}
	if source.MinimumCompressionSize != "" {
		if doc.compressionSize, err = compressionSize(source); err != nil {
			return nil, err
		}
	}
	text := source.Policy
	if text == "" {
		text = doc.policy
	}
	if text != "" {
		if a.resource, err = parsePolicy(text, arn); err != nil {
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
	limit := throttle{}
	if d.ThrottlingRateLimit != nil {
		limit.rate = *d.ThrottlingRateLimit
	}
	if d.ThrottlingBurstLimit != nil {
		limit.burst = *d.ThrottlingBurstLimit
	}
	if limit.rate < 0 || limit.burst < 0 {
		return // -1 turns throttling off
	}
	cut := strings.LastIndexByte(m.MethodPath, '/')
	if cut < 0 {
		return
	}
	t := methodThrottle{path: "/" + strings.Trim(strings.ReplaceAll(m.MethodPath[:cut], "~1", "/"), "/"), verb: m.MethodPath[cut+1:], limit: limit}
	if m.MethodPath == "*/*" {
		t.path = "*"
		st.settings = append(st.settings, t)
		return
	}
	st.settings = slices.Insert(st.settings, 0, t)
}

func newPlan(id string, d UsagePlan) *plan {
	p := &plan{id: id, name: d.Name, quota: d.QuotaSettings, apiStages: map[string]map[string]throttle{}}
	if t := d.ThrottleSettings; t != nil && (t.RateLimit > 0 || t.BurstLimit > 0) {
		p.limit = &throttle{rate: t.RateLimit, burst: t.BurstLimit}
	}
	for _, a := range d.APIStages {
		methods := map[string]throttle{}
		for _, t := range a.Throttles {
			methods["/"+strings.TrimPrefix(t.Path, "/")] = throttle{rate: t.RateLimit, burst: t.BurstLimit}
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
		key := &apiKey{id: k.ID, name: k.Value.Name, value: k.Value.Value, enabled: k.Value.Enabled == nil || *k.Value.Enabled, plans: map[string]*plan{}}
		byID[k.ID] = key
		if key.value != "" {
			c.keys[sha256.Sum256([]byte(key.value))] = key
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
			}
		}
	}
	return nil
}
