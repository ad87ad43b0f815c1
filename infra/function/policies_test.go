package function

import (
	"fmt"
	"testing"

	"auth-api/infra/iamdoc"
)

// What every function needs, with the largest network that Lambda takes, leaves the
// grants their share of what IAM allows a role.
func TestTheLargestNetworkLeavesRoomForGrants(t *testing.T) {
	account := iamdoc.Account{Partition: "aws-us-gov", Region: "us-gov-west-1", ID: "111122223333"}
	args := Args{FunctionName: fmt.Sprintf("%064d", 0), Account: account, Network: &Network{}, Tracing: true}
	for i := range 16 {
		args.Network.SubnetIDs = append(args.Network.SubnetIDs, fmt.Sprintf("subnet-%017x", i))
	}
	for i := range 5 {
		args.Network.SecurityGroupIDs = append(args.Network.SecurityGroupIDs, fmt.Sprintf("sg-%017x", i))
	}
	size := 0
	for _, p := range args.policies("/aws/lambda/" + args.FunctionName) {
		text, err := p.document.JSON()
		if err != nil {
			t.Fatal(err)
		}
		size += len(text)
	}
	if size > 3400 || size < 1000 {
		t.Errorf("the policies have %d characters", size)
	}
}
