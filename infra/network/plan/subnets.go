package plan

import (
	"encoding/binary"
	"net/netip"
)

// The widest range that AWS gives a VPC, and the narrowest that has room for a subnet
// of each kind in each zone: AWS makes none smaller than /28.
const widest, narrowest = 16, 24

// Subnets are the address ranges of a network's subnets, one of each kind for each zone.
type Subnets struct {
	Isolated []netip.Prefix // no route leaves the VPC
	Private  []netip.Prefix // a route to a NAT gateway; with one alone
	Public   []netip.Prefix // hold the NAT gateways; with one alone
}

// Subnets divides the VPC's block: a quarter for each zone, the last one kept free; of a
// zone's quarter the first half for its isolated subnet, and a quarter each for its
// private and its public one, whether they are there or not.
//
// So no subnet moves, and none is replaced under the functions in it, when a NAT gateway
// or a third zone is added or taken away.
func (s *Settings) Subnets() Subnets {
	out := Subnets{}
	for zone := range s.ZoneCount() {
		quarter := part(s.Block, 2, zone)
		out.Isolated = append(out.Isolated, part(quarter, 1, 0))
		if s.NAT != NoNAT {
			out.Private = append(out.Private, part(quarter, 2, 2))
			out.Public = append(out.Public, part(quarter, 2, 3))
		}
	}
	return out
}

// part is the n-th of the 2^bits equal parts of a range.
func part(of netip.Prefix, bits, n int) netip.Prefix {
	address := of.Addr().As4()
	size := of.Bits() + bits
	binary.BigEndian.PutUint32(address[:], binary.BigEndian.Uint32(address[:])+uint32(n)<<(32-size))
	return netip.PrefixFrom(netip.AddrFrom4(address), size)
}
