package plan_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func texts(ranges []netip.Prefix) []string {
	out := []string{}
	for _, r := range ranges {
		out = append(out, r.String())
	}
	return out
}

func TestHowTheBlockIsDivided(t *testing.T) {
	for _, c := range []struct {
		file                      string
		isolated, private, public []string
	}{
		{`{}`, []string{"10.0.0.0/19", "10.0.64.0/19"}, []string{}, []string{}},
		{`{cidrBlock: 192.168.7.0/24, natGateways: single, availabilityZones: [us-west-2a, us-west-2b, us-west-2c]}`,
			[]string{"192.168.7.0/27", "192.168.7.64/27", "192.168.7.128/27"},
			[]string{"192.168.7.32/28", "192.168.7.96/28", "192.168.7.160/28"},
			[]string{"192.168.7.48/28", "192.168.7.112/28", "192.168.7.176/28"}},
	} {
		s, err := parse(t, "dev", c.file)
		if err != nil {
			t.Fatal(err)
		}
		subnets := s.Subnets()
		got := [][]string{texts(subnets.Isolated), texts(subnets.Private), texts(subnets.Public)}
		if diff := cmp.Diff([][]string{c.isolated, c.private, c.public}, got); diff != "" {
			t.Errorf("%s: -want +got %s", c.file, diff)
		}
	}
}

// Functions and databases stay where they are when a gateway or a zone is added.
func TestNoSubnetMovesWhenTheNetworkGrows(t *testing.T) {
	of := func(nat string, zones string) []string {
		s, err := parse(t, "dev", fmt.Sprintf("{natGateways: %s, availabilityZones: %s}", nat, zones))
		if err != nil {
			t.Fatal(err)
		}
		return texts(s.Subnets().Isolated)
	}
	two, three := "[us-west-2a, us-west-2b]", "[us-west-2a, us-west-2b, us-west-2c]"
	before := of("none", two)
	for _, after := range [][]string{of("single", two), of("perZone", three), of("none", three)} {
		if diff := cmp.Diff(before, after[:2]); diff != "" {
			t.Error("-before +after", diff)
		}
	}
}

// Of every block that is taken the subnets are such as AWS takes: in the block, apart
// from each other, no smaller than /28.
func TestEveryBlockHasRoomForItsSubnets(t *testing.T) {
	for _, base := range []string{"10.0.0.0", "10.255.255.0", "100.127.255.0", "172.31.0.0", "172.16.128.0", "192.168.255.0"} {
		for bits := 16; bits <= 24; bits++ {
			block := netip.PrefixFrom(netip.MustParseAddr(base), bits).Masked().String()
			s, err := parse(t, "dev", fmt.Sprintf("{cidrBlock: %s, natGateways: perZone, availabilityZones: [us-west-2a, us-west-2b, us-west-2c]}", block))
			if err != nil {
				t.Fatal(err)
			}
			subnets := s.Subnets()
			all := append(append(append([]netip.Prefix{}, subnets.Isolated...), subnets.Private...), subnets.Public...)
			if len(all) != 9 {
				t.Fatalf("%s has %d subnets", block, len(all))
			}
			for i, one := range all {
				if one != one.Masked() || one.Bits() > 28 || !s.Block.Contains(one.Addr()) || one.Bits() < s.Block.Bits() {
					t.Errorf("%s is no subnet of %s", one, block)
				}
				for _, other := range all[:i] {
					if one.Overlaps(other) {
						t.Errorf("%s: %s overlaps %s", block, one, other)
					}
				}
			}
		}
	}
}
