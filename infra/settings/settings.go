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
	"os"
	"path/filepath"
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
	UsagePlan      UsagePlan
	Identity       Identity
	Functions      map[string]Function // exactly those that routes name
	Logging        Logging
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

// Function is how one Lambda function runs.
type Function struct {
	Memory           int // MB
	Timeout          int // seconds
	LogRetentionDays int
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
}

// LocalDemoPassword is the demo user's password on the local AWS, where the stack
// file names none. It is no secret, and no stack on AWS ever uses it.
const LocalDemoPassword = "demoPASS123"

// retentions are the periods, in days, that CloudWatch Logs knows:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// keys are the settings at the top of a stack file.
var keys = []string{"target", "stageName", "routes", "usagePlan", "identity", "functions", "logging", "demoPassword"}

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
// function; listing it is the only thing done outside the arguments.
func Parse(project, stack string, config map[string]string, secrets []string, functionsDir string) (*Settings, error) {
	known, err := functionNames(functionsDir)
	if err != nil {
		return nil, err
	}
	p := &problems{file: "Pulumi." + stack + ".yaml"}
	at := func(name string) string { return project + ":" + name }
	own := map[string]string{}
	for _, key := range sortedKeys(config) {
		name, mine := strings.CutPrefix(key, project+":")
		if !mine {
			continue
		}
		if !slices.Contains(keys, name) {
			p.add(key, "is not a setting%s: legal are %s", meant(name, keys), strings.Join(keys, ", "))
		}
		own[name] = config[key]
	}
	section := func(name string, legal ...string) object {
		if _, ok := own[name]; !ok {
			return object{p: p, key: at(name)}
		}
		return p.object(at(name), decode(own[name]), legal...)
	}

	s := &Settings{Project: project, Stack: stack, Target: AWS}
	switch target := Target(own["target"]); target {
	case AWS, Local:
		s.Target = target
	default:
		if _, given := own["target"]; given {
			p.add(at("target"), "is %q: legal are %s, %s", target, AWS, Local)
		}
	}

	s.StageName = own["stageName"]
	if s.StageName == "" {
		s.StageName = regexp.MustCompile(`[^A-Za-z0-9_]`).ReplaceAllString(stack, "_")
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_]{1,128}$`).MatchString(s.StageName) {
		p.add(at("stageName"), "is %q: legal are 1 to 128 letters, digits and underscores", s.StageName)
	}

	s.Identity = readIdentity(section("identity", identityKeys...), s.Target)
	if text, ok := own["routes"]; ok {
		s.Routes = readRoutes(p, at("routes"), decode(text), known, s.Identity.Guests)
	} else {
		p.add(at("routes"), "is missing: legal is a list of routes")
	}

	plan := section("usagePlan", "rateLimit", "burstLimit", "quotaLimit", "quotaPeriod")
	s.UsagePlan = UsagePlan{
		RateLimit:   plan.number("rateLimit", 10),
		BurstLimit:  plan.integer("burstLimit", 20, 1, maxCount),
		QuotaLimit:  plan.integer("quotaLimit", 10_000, 1, maxCount),
		QuotaPeriod: plan.choice("quotaPeriod", "DAY", "DAY", "WEEK", "MONTH"),
	}

	logging := section("logging", "access", "execution", "retentionDays")
	s.Logging = Logging{
		Access:        logging.boolean("access", false),
		Execution:     logging.choice("execution", "OFF", "OFF", "ERROR", "INFO"),
		RetentionDays: readRetention(logging, "retentionDays", 90),
	}

	s.Functions = readFunctions(section("functions", known...), s.Routes, known)
	s.DemoPassword = readDemoPassword(p, s, own["demoPassword"], slices.Contains(secrets, at("demoPassword")))

	for _, suffix := range s.nameSuffixes() {
		if name := s.Name(suffix); len(name) > maxName {
			p.add("the name "+name, "has %d characters: AWS allows %d; shorten the stack's name or the function's", len(name), maxName)
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return s, nil
}

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
	for _, name := range s.FunctionNames() {
		suffixes = append(suffixes, FunctionRole(name))
	}
	return suffixes
}

// FunctionNames are the functions that the routes name, in order of the alphabet.
func (s *Settings) FunctionNames() []string { return sortedKeys(s.Functions) }

func readFunctions(o object, routes []Route, known []string) map[string]Function {
	out := map[string]Function{}
	for _, r := range routes {
		if r.Function == "" {
			continue
		}
		f := o.child(r.Function, "memory", "timeout", "logRetentionDays")
		if _, done := out[r.Function]; done {
			continue
		}
		out[r.Function] = Function{
			Memory: f.integer("memory", 128, 128, 10_240),
			// API Gateway waits 29 seconds for a function, so that a longer run is paid
			// for and answers nobody.
			Timeout:          f.integer("timeout", 10, 1, 29),
			LogRetentionDays: readRetention(f, "logRetentionDays", 30),
		}
	}
	for _, name := range sortedKeys(o.fields) {
		if _, used := out[name]; !used && slices.Contains(known, name) {
			o.p.add(o.at(name), "is for a function that no route names")
		}
	}
	return out
}

func readRetention(o object, name string, otherwise int) int {
	v, ok := o.fields[name]
	if !ok {
		return otherwise
	}
	if n, ok := whole(v); ok && slices.Contains(retentions, n) {
		return n
	}
	o.wrong(name, v, "are "+strings.Trim(strings.ReplaceAll(fmt.Sprint(retentions), " ", ", "), "[]")+" days")
	return 0
}

// readDemoPassword checks the demo user's password, and never shows it.
func readDemoPassword(p *problems, s *Settings, password string, secret bool) string {
	key, user := s.Project+":demoPassword", s.Project+":identity.demoUser"
	switch {
	case s.Identity.DemoUser == "":
		if password != "" {
			p.add(key, "is set, but %s names no user", user)
		}
		return ""
	case password == "" && s.Target == Local:
		if missing := s.Identity.PasswordPolicy.Lacks(LocalDemoPassword); missing != "" {
			p.add(key, "is not set, and the one that is used on the local AWS then (%s) lacks %s, which %s:identity.passwordPolicy asks for", LocalDemoPassword, missing, s.Project)
		}
		return LocalDemoPassword
	case password == "":
		return ""
	}
	if !secret && s.Target == AWS {
		p.add(key, "is in plain text: set it with `pulumi config set --secret demoPassword`")
	}
	if missing := s.Identity.PasswordPolicy.Lacks(password); missing != "" {
		p.add(key, "lacks %s, which %s:identity.passwordPolicy asks for", missing, s.Project)
	}
	return password
}

// functionNames are the folders of functionsDir that hold a function.
func functionNames(functionsDir string) ([]string, error) {
	mains, err := filepath.Glob(filepath.Join(functionsDir, "*", "main.go"))
	if err != nil {
		return nil, fmt.Errorf("listing the functions in %s: %w", functionsDir, err)
	}
	if len(mains) == 0 {
		if _, err := os.Stat(functionsDir); err != nil {
			return nil, fmt.Errorf("listing the functions: %w", err)
		}
	}
	names := []string{}
	for _, main := range mains {
		if name := filepath.Base(filepath.Dir(main)); isFunctionName(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// isFunctionName tells whether a folder's name can be part of a Lambda function's name.
func isFunctionName(name string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`).MatchString(name)
}
