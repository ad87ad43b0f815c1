package settings

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// Function is how one Lambda function runs, and what it may do.
type Function struct {
	Memory              int // MB
	Timeout             int // seconds
	LogRetentionDays    int
	Architecture        string            // arm64, x86_64; of AWS alone
	ReservedConcurrency *int              // nil: it shares what the account has
	Environment         map[string]string // nothing secret
	VPC                 *VPC              // nil: it stands in no network of the account
	Grants              []Grant
}

// VPC is the network that a function stands in: that of a stack of infra/network, or
// subnets and security groups by their ids.
type VPC struct {
	Network          string // ORG/PROJECT/STACK, whose outputs say the rest; else empty
	SubnetIDs        []string
	SecurityGroupIDs []string
}

// readFunctions reads what is said of functions, by their names, and what holds for one
// of which nothing is said.
func readFunctions(o object) map[string]Function {
	said := map[string]Function{}
	o.named("functions", "NAME", "How functions run, by their names: a function is a folder of functions/.", func(name string, o object) {
		said[name] = readFunction(o)
	})
	said[""] = readFunction((&problems{}).newObject("", nil))
	return said
}

func readFunction(o object) Function {
	f := Function{
		Memory: o.integer("memory", 128, 128, 10_240, "MB; processors grow with it.", cost("0.0000133334 USD a GB and second, arm64")),
		// API Gateway waits 29 seconds for a function, so that a longer run is paid
		// for and answers nobody.
		Timeout:          o.integer("timeout", 10, 1, 29, "Seconds; API Gateway waits for 29 at most."),
		LogRetentionDays: o.oneOf("logRetentionDays", 30, retentions, "days", "How long its log is kept.", cost("CloudWatch Logs, 0.50 USD a GB written, 0.03 a GB and month kept")),
		Architecture:     o.choice("architecture", "arm64", []string{"arm64", "x86_64"}, "The processors. On the local AWS functions are built for, and run on, this host's whatever is said.", cost("x86_64 costs 0.0000166667 USD a GB and second, a quarter more than arm64")),
	}
	if n := o.integer("reservedConcurrency", -1, 0, math.MaxInt32, "Instances at once that are the function's own, and the most that it gets. They are taken from the account's, 1000 unless AWS has raised that, of which 100 must stay unreserved; 0 switches the function off.", byDefault("shares what the account has")); n >= 0 {
		f.ReservedConcurrency = &n
	}
	f.Environment = readEnvironment(o)
	f.VPC = readVPC(o)
	f.Grants = readGrants(o)
	return f
}

var (
	networkName     = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	subnetID        = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	securityGroupID = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
)

// readVPC reads a function's network.
//
// See https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html.
func readVPC(o object) *VPC {
	var vpc VPC
	o.child("vpc", "The network that the function stands in, for databases and the like: either network, or subnetIds and securityGroupIds. It then reaches the internet and AWS's services by the network's endpoints and NAT alone; its role may make network interfaces there. The local AWS runs it on this host's network.", func(o object) {
		vpc.Network = o.text("network", "", "is the name of a stack of infra/network, such as organization/auth-api-network/dev",
			"A stack of infra/network, ORG/PROJECT/STACK, whose outputs subnetIds and securityGroupId are used.")
		ids := func(name, of, doc string, form *regexp.Regexp, most int) []string {
			list := o.texts(name, nil, of, doc, func(key, id string) {
				if !form.MatchString(id) {
					o.p.add(key, "is %q: legal are %s", id, of)
				}
			})
			if len(list) > most {
				o.p.add(o.at(name), "are %d: legal are up to %d", len(list), most)
			}
			return list
		}
		vpc.SubnetIDs = ids("subnetIds", "ids such as subnet-0abc12de", "In two availability zones, so that the function outlives the loss of one.", subnetID, 16)
		vpc.SecurityGroupIDs = ids("securityGroupIds", "ids such as sg-0abc12de", "What it may reach is what these let out.", securityGroupID, 5)
		if vpc.Network != "" && !networkName.MatchString(vpc.Network) {
			o.p.add(o.at("network"), "is %q: legal is ORG/PROJECT/STACK, such as organization/auth-api-network/dev", vpc.Network)
		}
	})
	at := o.at("vpc")
	switch own := len(vpc.SubnetIDs) > 0 || len(vpc.SecurityGroupIDs) > 0; {
	case !o.has("vpc"):
		return nil
	case vpc.Network != "" && own:
		o.p.add(at, "has network and ids beside it: legal is either network, or subnetIds and securityGroupIds")
	case vpc.Network == "" && (len(vpc.SubnetIDs) == 0 || len(vpc.SecurityGroupIDs) == 0):
		o.p.add(at, "is not whole: legal is either network, or subnetIds and securityGroupIds")
	}
	return &vpc
}

// usedFunctions are the functions that something names: a route, or the grant of one
// that is used.
func usedFunctions(o object, s *Settings, said map[string]Function, known []string) map[string]Function {
	out := map[string]Function{}
	var use func(name string)
	use = func(name string) {
		if _, used := out[name]; used || !slices.Contains(known, name) { // what is not known is told already
			return
		}
		f, ok := said[name]
		if !ok {
			f = said[""]
		}
		out[name] = f
		for _, g := range f.Grants {
			use(g.Invoke)
		}
	}
	for _, r := range s.Routes {
		use(r.Function)
	}
	for _, name := range s.Identity.Triggers.Functions() {
		use(name)
	}
	for _, name := range sortedKeys(s.Authorizers) {
		use(s.Authorizers[name].Function)
	}
	for _, name := range sortedKeys(said) {
		switch _, used := out[name]; {
		case name == "" || used:
		case !slices.Contains(known, name):
			o.p.add(o.at("functions."+name), "is not a function%s: legal are %s", meant(name, known), joined(known))
		default:
			o.p.add(o.at("functions."+name), "is for a function that nothing names: a route, an authorizer, the web client or a grant to invoke it does")
		}
	}
	return out
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
