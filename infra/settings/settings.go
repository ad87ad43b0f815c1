// Package settings reads the stack's configuration into one validated struct. Nothing
// else of the program reads configuration.
//
// What is not said gets its default; what is said and wrong is an error that names the
// stack file, the key, the value and what is legal. All errors of a file are told at
// once, before anything is declared.
package settings

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Target is where a stack is brought up.
type Target string

// The targets. A stack is for one of them and refuses to run against the other.
const (
	AWS   Target = "aws"
	Local Target = "local" // this repository's own local AWS
)

// Settings are everything that a stack file says, checked and with defaults filled in.
type Settings struct {
	Project, Stack string
	Target         Target
	StageName      string // of the API; the last part of its URL
	Routes         []Route
	Authorizers    map[string]Authorizer // exactly those that routes name
	CORS           *CORS                 // nil: pages of other origins cannot call
	ResourcePolicy ResourcePolicy
	UsagePlan      UsagePlan
	Identity       Identity
	Functions      map[string]Function // exactly those that routes and grants name
	Canary         Canary
	Logging        Logging
	Tracing        bool // whether X-Ray traces requests
	Encryption     Encryption
	Firewall       Firewall
	Alarms         Alarms
	Dashboard      bool
	Domain         Domain
	Budget         Budget
	Web            Web
	Boundary       string // name of the policy that bounds the stack's roles; empty: none does
	DemoPassword   string // a secret; empty where no demo user is wanted
}

// UsagePlan limits what one API key may ask for.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html.
type UsagePlan struct {
	RateLimit   float64 // requests a second
	BurstLimit  int     // requests at once
	QuotaLimit  int     // requests a period
	QuotaPeriod string  // DAY, WEEK, MONTH
}

// Logging is what API Gateway writes to CloudWatch. Either needs the account's
// CloudWatch role for API Gateway, which a fresh account lacks: without it the stage
// cannot be made.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html.
type Logging struct {
	Access        bool
	Execution     string // OFF, ERROR, INFO
	RetentionDays int
	AccountRole   bool // whether the stack makes the account's CloudWatch role for API Gateway
}

// LocalDemoPassword is the demo user's password on the local AWS, where the stack
// file names none. It is no secret, and no stack on AWS ever uses it.
const LocalDemoPassword = "demoPASS123"

// retentions are the periods, in days, that CloudWatch Logs knows:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// FromEnv reads the configuration as the engine hands it to a program: the values by
// their full keys, and the keys of those that are secrets. pulumi.Context offers values
// by name only, which hides keys that nobody asks for.
func FromEnv(env func(string) string) (config map[string]string, secrets []string, err error) {
	if text := env("PULUMI_CONFIG"); text != "" {
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			return nil, nil, fmt.Errorf("reading PULUMI_CONFIG: it is no JSON object of texts: %w", err)
		}
	}
	if text := env("PULUMI_CONFIG_SECRET_KEYS"); text != "" {
		if err := json.Unmarshal([]byte(text), &secrets); err != nil {
			return nil, nil, fmt.Errorf("reading PULUMI_CONFIG_SECRET_KEYS: it is no JSON list of texts: %w", err)
		}
	}
	return config, secrets, nil
}

// Parse checks the configuration of a stack. Keys of other namespaces than the
// project's are none of its business. functionsDir is the folder with a folder for each
// function; nothing else outside the arguments is looked at.
func Parse(project, stack string, config map[string]string, secrets []string, functionsDir string) (*Settings, error) {
	known, err := functionNames(functionsDir)
	if err != nil {
		return nil, err
	}
	p := &problems{file: "Pulumi." + stack + ".yaml"}
	own := map[string]any{}
	for key, value := range config {
		name, mine := strings.CutPrefix(key, project+":")
		if mine {
			own[name] = raw(value)
		}
		if other, of, _ := strings.Cut(key, ":"); !mine && of == "routes" && config[project+":routes"] == "" {
			return nil, fmt.Errorf("%s: its keys begin with %s:, and the project in Pulumi.yaml is called %s: both must be the same name", p.file, other, project)
		}
	}
	s := read(p, project, stack, own, secrets, known)
	s.readBodySchemas(p, functionsDir)
	if err := p.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// read reads every section, and then checks what they say of one another.
func read(p *problems, project, stack string, own map[string]any, secrets, known []string) *Settings {
	o := p.newObject(project, own)
	o.joint = ":"
	s := &Settings{Project: project, Stack: stack}
	s.Target = Target(o.choice("target", string(AWS), []string{string(AWS), string(Local)},
		"Where the stack is brought up: aws, or local, which is this repository's own local AWS. A stack refuses to run against the other."))
	s.StageName = o.text("stageName", "", "are 1 to 128 letters, digits and underscores",
		"Stage of the API, the last part of its URL.", byDefault("the stack's name, with an underscore for every other character"))
	if s.StageName == "" {
		s.StageName = regexp.MustCompile(`[^A-Za-z0-9_]`).ReplaceAllString(stack, "_")
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_]{1,128}$`).MatchString(s.StageName) {
		p.add(o.at("stageName"), "is %q: legal are 1 to 128 letters, digits and underscores", s.StageName)
	}

	s.Routes = readRoutes(o, known)
	s.Authorizers = readAuthorizers(o, known)
	origins := readWebOrigins(o)
	s.CORS = readCORS(o, origins)
	s.ResourcePolicy = readResourcePolicy(o, s.Target)
	s.UsagePlan = readUsagePlan(o)
	s.Identity = readIdentity(o, s.Target, known)
	s.Web = readWeb(o, known)
	settings := readFunctions(o)
	s.Canary = readCanary(o)
	s.Logging = readLogging(o)
	s.Tracing = readTracing(o)
	s.Encryption = readEncryption(o)
	s.Firewall = readFirewall(o)
	s.Alarms = readAlarms(o)
	s.Dashboard = readDashboard(o)
	s.Domain = readDomain(o)
	s.Budget = readBudget(o)
	s.Boundary = readBoundary(o)
	s.DemoPassword = o.text("demoPassword", "", "is a password that identity.passwordPolicy allows",
		"Password of identity.demoUser, a secret: set it with `pulumi config set --secret demoPassword`; on AWS it is refused in plain text.",
		byDefault("no demo user on AWS, "+LocalDemoPassword+" on the local AWS"))
	readProviderSecrets(o, s, slices.Contains(secrets, o.at("providerSecrets")))
	o.close()

	addWeb(o, s)
	addOrigins(o, s, origins)
	checkAuthorizers(o, s.Routes, s.Authorizers)
	checkCallers(o, s.Routes, s.Identity)
	checkFunctions(o, s, settings, known)
	checkLimits(o, s)
	s.Functions = usedFunctions(o, s, settings, known)
	checkGroupRoles(o, s)
	checkCORS(o, s)
	checkWebFunction(o, s)
	checkCanary(o, s)
	if s.Domain.Name != "" && len(s.ResourcePolicy.VPCEndpointIDs) > 0 {
		p.add(o.at("domain.name"), "is for an API on the Internet, and %s makes this one private: take one of them out", o.at("resourcePolicy.vpcEndpointIds"))
	}
	if slices.Contains(secrets, o.at("functions")) {
		p.add(o.at("functions"), "holds an encrypted value, which would stand in the open on AWS: keep it in SSM or Secrets Manager, and let the function read it by grants: [{parameter: /path}] or [{secret: name}]")
	}
	s.DemoPassword = demoPassword(o, s, slices.Contains(secrets, o.at("demoPassword")))
	if !stackName.MatchString(stack) {
		p.add("the stack's name", "is %q: legal are up to 100 letters, digits, hyphens, underscores and dots", stack)
	}
	for _, suffix := range s.nameSuffixes() {
		if name := s.Name(suffix); len(name) > maxName {
			p.add("the name "+name, "has %d characters: AWS allows %d; shorten the stack's name or the function's", len(name), maxName)
		}
	}
	return s
}

// stackName is what Pulumi takes for a stack's name.
//
// See https://www.pulumi.com/docs/iac/concepts/stacks/.
var stackName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// maxName is the length that Lambda allows a function's name, and IAM a role's.
const maxName = 64

// Name is the physical name of something of this stack: PROJECT-STACK-WHAT. The
// characters that Pulumi allows in a name and Lambda does not become hyphens.
func (s *Settings) Name(what ...string) string {
	name := strings.Join(append([]string{s.Project, s.Stack}, what...), "-")
	return strings.ReplaceAll(name, ".", "-")
}

// FunctionRole is the part after PROJECT-STACK of the name of a function's role.
func FunctionRole(function string) string { return function + "-role" }

func (s *Settings) nameSuffixes() []string {
	suffixes := []string{string(Authenticated)}
	for _, group := range sortedKeys(s.Identity.Groups) {
		suffixes = append(suffixes, GroupRole(group))
	}
	for _, name := range s.FunctionNames() {
		suffixes = append(suffixes, FunctionRole(name))
	}
	return suffixes
}

// FunctionNames are the functions that something names, in order of the alphabet.
func (s *Settings) FunctionNames() []string { return sortedKeys(s.Functions) }

func readUsagePlan(o object) UsagePlan {
	var plan UsagePlan
	o.child("usagePlan", "What one API key may ask for.", func(o object) {
		plan = UsagePlan{
			RateLimit:   o.number("rateLimit", 10, "Requests a second."),
			BurstLimit:  o.integer("burstLimit", 20, 1, maxCount, "Requests at once."),
			QuotaLimit:  o.integer("quotaLimit", 10_000, 1, maxCount, "Requests a period."),
			QuotaPeriod: o.choice("quotaPeriod", "DAY", []string{"DAY", "WEEK", "MONTH"}, "The period of quotaLimit."),
		}
	})
	return plan
}

func readLogging(o object) Logging {
	var logging Logging
	o.child("logging", "What API Gateway writes to CloudWatch. Both kinds are off by default because they need the CloudWatch role of the account and region, which a fresh account lacks and which no single stack should own. Neither ever holds headers, bodies, tokens or keys.", func(o object) {
		logging = Logging{
			Access:        o.boolean("access", false, "A line of JSON for each request: who called what, and how it ended.", cost("CloudWatch Logs, 0.50 USD a GB; a line has about 600 bytes")),
			Execution:     o.choice("execution", "OFF", []string{"OFF", "ERROR", "INFO"}, "How each request was handled. Write it in quotes, since YAML reads OFF as false.", cost("CloudWatch Logs, 0.50 USD a GB; INFO writes about 20 lines a request")),
			RetentionDays: o.oneOf("retentionDays", 90, retentions, "days", "How long both are kept."),
			AccountRole:   o.boolean("accountRole", false, "Whether this stack gives API Gateway its CloudWatch role in the account and region. It is one for all stacks there: say it in one of them. Destroying the stack leaves it."),
		}
	})
	return logging
}

// demoPassword checks the demo user's password, and never shows it.
func demoPassword(o object, s *Settings, secret bool) string {
	key, user, password := o.at("demoPassword"), o.at("identity.demoUser"), s.DemoPassword
	switch {
	case s.Identity.DemoUser == "":
		if password != "" {
			o.p.add(key, "is set, but %s names no user", user)
		}
		return ""
	case password == "" && s.Target == Local:
		if missing := s.Identity.PasswordPolicy.Lacks(LocalDemoPassword); missing != "" {
			o.p.add(key, "is not set, and the one that is used on the local AWS then (%s) lacks %s, which %s asks for", LocalDemoPassword, missing, o.at("identity.passwordPolicy"))
		}
		return LocalDemoPassword
	case password == "":
		return ""
	}
	if !secret && s.Target == AWS {
		o.p.add(key, "is in plain text: set it with `pulumi config set --secret demoPassword`")
	}
	if missing := s.Identity.PasswordPolicy.Lacks(password); missing != "" {
		o.p.add(key, "lacks %s, which %s asks for", missing, o.at("identity.passwordPolicy"))
	}
	return password
}
