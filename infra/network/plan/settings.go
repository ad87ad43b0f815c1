// Package plan is what a network's stack file says, checked, and what follows from it
// without asking AWS: the address ranges of the subnets, the policies of the endpoints,
// and what the network costs. It knows no Pulumi, so that its tests compile at once.
//
// What is not said gets its default; what is said and wrong is an error that names the
// stack file, the key, the value and what is legal. All errors of a file are told at
// once, before anything is declared.
package plan

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// NAT is how functions reach the internet, if at all.
type NAT string

// The kinds of NAT. What a gateway costs says [Settings.MonthlyCost].
const (
	NoNAT     NAT = "none"    // functions reach the VPC and its endpoints, nothing else
	SingleNAT NAT = "single"  // one gateway: when its zone fails, no zone reaches the internet
	ZoneNAT   NAT = "perZone" // one gateway in each zone
)

// FlowLogs is which traffic the VPC's flow logs hold.
type FlowLogs string

// The kinds of flow logs. Security Hub's control EC2.6 asks for rejected traffic.
const (
	NoFlowLogs     FlowLogs = "none"
	RejectFlowLogs FlowLogs = "reject"
	AllFlowLogs    FlowLogs = "all"
)

// Settings are everything that a stack file of the network says, checked and with
// defaults filled in.
type Settings struct {
	Project, Stack       string
	Block                netip.Prefix // of the VPC
	Zones                []string     // names of two or three; none: the first two of the region
	NAT                  NAT
	Endpoints            []Service // in the order of Services
	EgressPorts          []int     // TCP ports that functions may reach in the VPC
	FlowLogs             FlowLogs
	FlowLogRetentionDays int
}

// Keys are the settings of a stack file, without the project's name before them.
var Keys = []string{"cidrBlock", "availabilityZones", "natGateways", "endpoints", "egressPorts", "flowLogs", "flowLogRetentionDays"}

// Defaults are the settings of a stack file that says nothing, as the engine hands them
// over.
var Defaults = map[string]string{
	"cidrBlock": "10.0.0.0/16", "availabilityZones": "[]", "natGateways": "none", "endpoints": `["dynamodb"]`,
	"egressPorts": "[]", "flowLogs": "reject", "flowLogRetentionDays": "90",
}

// retentions are the periods, in days, that CloudWatch Logs knows:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

const (
	maxRoleName = 64 // characters, by IAM
)

// Name is the physical name of something of this stack: PROJECT-STACK-WHAT.
func (s *Settings) Name(what ...string) string {
	return strings.Join(append([]string{s.Project, s.Stack}, what...), "-")
}

// FlowLogRole is the name of the role that writes the flow logs.
func (s *Settings) FlowLogRole() string { return s.Name("flow-logs") }

// ZoneCount is the number of availability zones.
func (s *Settings) ZoneCount() int {
	if len(s.Zones) == 0 {
		return minZones
	}
	return len(s.Zones)
}

// Parse checks the configuration of a stack as the engine hands it over: texts by their
// full keys, lists as JSON. Keys of other namespaces than the project's are none of its
// business, but for aws:region, which the zones must be in.
func Parse(project, stack string, config map[string]string) (*Settings, error) {
	r := &reader{file: "Pulumi." + stack + ".yaml", project: project, values: maps.Clone(Defaults)}
	for _, key := range slices.Sorted(maps.Keys(config)) {
		name, mine := strings.CutPrefix(key, project+":")
		if !mine {
			continue
		}
		if !slices.Contains(Keys, name) {
			r.add(name, "is not a setting%s: legal are %s", meant(name, Keys), strings.Join(Keys, ", "))
			continue
		}
		r.values[name] = config[key]
	}
	s := &Settings{
		Project: project, Stack: stack,
		Block:                r.block("cidrBlock"),
		Zones:                r.zones("availabilityZones", config["aws:region"]),
		NAT:                  choice(r, "natGateways", NoNAT, SingleNAT, ZoneNAT),
		Endpoints:            r.endpoints("endpoints"),
		EgressPorts:          r.ports("egressPorts"),
		FlowLogs:             choice(r, "flowLogs", NoFlowLogs, RejectFlowLogs, AllFlowLogs),
		FlowLogRetentionDays: r.retention("flowLogRetentionDays"),
	}
	if name := s.FlowLogRole(); len(name) > maxRoleName {
		r.faults = append(r.faults, fmt.Errorf("%s: the name %s has %d characters: AWS allows %d; shorten the stack's name", r.file, name, len(name), maxRoleName))
	}
	if err := errors.Join(r.faults...); err != nil {
		return nil, err
	}
	return s, nil
}

// private are the ranges that nobody on the internet has: RFC 1918, and RFC 6598, which
// AWS allows too. A VPC of other addresses hides from its functions whoever owns them.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

// taken are ranges inside the private ones that AWS's own services use in a VPC:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html.
var taken = netip.MustParsePrefix("172.17.0.0/16")

func (r *reader) block(name string) netip.Prefix {
	text := r.values[name]
	legal := fmt.Sprintf("an IPv4 range in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, from /%d to /%d, such as %s", widest, narrowest, Defaults[name])
	block, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !block.Addr().Is4():
		r.add(name, "is %q: legal is %s", text, legal)
	case block != block.Masked():
		r.add(name, "is %q, which has bits behind its /%d: legal is %s", text, block.Bits(), block.Masked())
	case block.Bits() < widest || block.Bits() > narrowest:
		r.add(name, "is %q: legal is %s", text, legal)
	case !slices.ContainsFunc(private, func(p netip.Prefix) bool { return p.Overlaps(block) }):
		r.add(name, "is %q, which others have on the internet: legal is %s", text, legal)
	case block.Overlaps(taken):
		r.add(name, "is %q, which overlaps %s, where services of AWS have addresses of their own: legal is %s", text, taken, legal)
	default:
		return block
	}
	return netip.Prefix{}
}

const minZones, maxZones = 2, 3

// zoneName is a zone's name: its region and a letter. Local and wavelength zones have
// longer names, and no Lambda.
var zoneName = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)+-[0-9])[a-z]$`)

func (r *reader) zones(name, region string) []string {
	legal := fmt.Sprintf("a list of %d or %d names such as us-west-2a, or an empty one for the first %d zones of the region", minZones, maxZones, minZones)
	zones, ok := texts(r, name, legal)
	if !ok || len(zones) == 0 {
		return nil
	}
	if len(zones) < minZones || len(zones) > maxZones {
		r.add(name, "has %d: legal is %s", len(zones), legal)
	}
	for i, zone := range zones {
		at := fmt.Sprintf("%s[%d]", name, i)
		match := zoneName.FindStringSubmatch(zone)
		if match != nil && region == "" {
			region = match[1]
		}
		switch {
		case match == nil:
			r.add(at, "is %q: legal is the name of an availability zone, such as us-west-2a", zone)
		case match[1] != region:
			r.add(at, "is %q, which is not in the region %s: legal are %sa, %sb and so on", zone, region, region, region)
		}
	}
	return zones
}

func (r *reader) endpoints(name string) []Service {
	known := Names()
	legal := "a list of " + strings.Join(known, ", ")
	chosen, ok := texts(r, name, legal)
	if !ok {
		return nil
	}
	for i, text := range chosen {
		if !slices.Contains(known, text) {
			r.add(fmt.Sprintf("%s[%d]", name, i), "is %q%s: legal are %s", text, meant(text, known), strings.Join(known, ", "))
		}
	}
	out := []Service{}
	for _, service := range Services {
		if slices.Contains(chosen, service.Name) {
			out = append(out, service)
		}
	}
	return out
}

func (r *reader) ports(name string) []int {
	legal := "a list of TCP ports from 1 to 65535, such as 5432"
	list, ok := r.list(name, legal)
	if !ok {
		return nil
	}
	ports := []int{}
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		port, ok := whole(v)
		switch {
		case !ok || port < 1 || port > 65535:
			r.add(at, "is %s: legal is a TCP port from 1 to 65535", show(v))
		case slices.Contains(ports, port):
			r.add(at, "is %d, which stands in the list already", port)
		default:
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return ports
}

func (r *reader) retention(name string) int {
	days, err := strconv.Atoi(r.values[name])
	if err != nil || !slices.Contains(retentions, days) {
		r.add(name, "is %q: legal are %s days", r.values[name], strings.Trim(strings.ReplaceAll(fmt.Sprint(retentions), " ", ", "), "[]"))
		return 0
	}
	return days
}
