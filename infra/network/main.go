// Command network is the Pulumi program of the network, a project of its own: `pulumi
// -C infra/network up` runs it.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/network/vpc"
)

func main() {
	pulumi.Run(vpc.Deploy)
}
