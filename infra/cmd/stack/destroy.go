package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const destroyHelp = `Deletes everything that the stack made. It may be done twice, and goes on where
it was interrupted.

What is protected, such as the user pool where identity.deletionProtection is
true, is looked for first: nothing is deleted then, and it says how to unlock
it. With -- --exclude-protected all else is deleted.

Afterwards it looks for what is left: on AWS by the tags project and stack,
which needs tag:GetResources, and on the local AWS in its store. With --
--remove the stack and its file go too.`

// destroy deletes what the stack made, and tells what is left.
func destroy(ctx context.Context, s session, args []string) error {
	p, local, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	export, there, err := p.Export(ctx)
	if err != nil {
		return err
	}
	var kept []string
	if !there {
		s.say("Stack %s does not exist: there is nothing to destroy.", s.stack.Name)
	} else {
		state, err := readDeployed(export)
		if err != nil {
			return err
		}
		if !slices.Contains(args, "--exclude-protected") {
			if err := s.refuseProtected(state); err != nil {
				return err
			}
		}
		if err := s.finish(ctx, p, state); err != nil {
			return err
		}
		kept = state.kept()
		command := []string{"destroy", "--stack", s.stack.Name}
		if s.stack.Local {
			command = append(command, "--yes", "--skip-preview", "--suppress-outputs")
		}
		if err := s.pulumi(ctx, p, s.out, append(command, args...)...); err != nil {
			return errors.Join(s.explained(ctx, local, "destroy", err), fmt.Errorf("what is not deleted yet is still in the stack's state: make destroy STACK=%s goes on", s.stack.Name))
		}
		if err := s.refuseHalf(ctx, p, args); err != nil {
			return err
		}
	}
	if len(kept) > 0 {
		s.say("Kept, as it belongs to the account and not to this stack alone: %s.", strings.Join(kept, ", "))
	}
	project, err := s.ws.Project()
	if err != nil {
		return err
	}
	return s.tellLeftovers(ctx, project, local)
}

// refuseHalf fails when resources are left that should have been deleted. Pulumi takes a
// Ctrl-C on a terminal as a key of its display, stops, and ends as if all were done.
func (s session) refuseHalf(ctx context.Context, p workspace.Pulumi, args []string) error {
	for _, arg := range args {
		if strings.HasPrefix(arg, "--target") || strings.HasPrefix(arg, "-t") || strings.HasPrefix(arg, "--exclude") || strings.HasPrefix(arg, "--preview-only") {
			return nil // more is left than was asked to be deleted
		}
	}
	export, there, err := p.Export(ctx)
	if err != nil || !there {
		return err
	}
	state, err := readDeployed(export)
	if err != nil {
		return err
	}
	left := 0
	for _, r := range state.Deployment.Resources {
		if r.Custom && !r.RetainOnDelete && !r.provider() {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	return fmt.Errorf("destroying stack %s: it was interrupted, whatever Pulumi says above: %s still in the stack's state; make destroy STACK=%s goes on",
		s.stack.Name, count(left, "resource is", "resources are"), s.stack.Name)
}

// finish has a local stack know what was being made when Pulumi was killed, or what other
// resources need could not be deleted. The local AWS knows what it made for whom, so that
// an up finds it. AWS does not: there Pulumi tells what to look at.
func (s session) finish(ctx context.Context, p workspace.Pulumi, state deployed) error {
	creating := state.creating()
	if !s.stack.Local || len(creating) == 0 {
		return nil
	}
	s.say("The last up was killed while it made %s: finishing it, so that all can be deleted.", strings.Join(creating, ", "))
	if err := s.pulumi(ctx, p, s.out, "up", "--stack", s.stack.Name, "--yes", "--skip-preview", "--suppress-outputs"); err != nil {
		return fmt.Errorf("finishing the up that was killed: %w", err)
	}
	return nil
}

// deployed is what of a stack's state a teardown must know.
type deployed struct {
	Deployment struct {
		Resources []deployedResource `json:"resources"`
		Pending   []struct {
			Resource deployedResource `json:"resource"`
			Type     string           `json:"type"`
		} `json:"pending_operations"`
	} `json:"deployment"`
}

// creating are the resources that were being made when Pulumi was killed: whether they
// stand, and by what ids, the state does not say.
func (d deployed) creating() (out []string) {
	for _, op := range d.Deployment.Pending {
		if op.Type == "creating" {
			out = append(out, op.Resource.name()+" ("+op.Resource.Type+")")
		}
	}
	return out
}

type deployedResource struct {
	URN            resource.URN   `json:"urn"`
	ID             string         `json:"id"`
	Type           string         `json:"type"`
	Custom         bool           `json:"custom"`
	Protect        bool           `json:"protect"`
	RetainOnDelete bool           `json:"retainOnDelete"`
	Inputs         map[string]any `json:"inputs"`
}

func (r deployedResource) name() string {
	if !r.URN.IsValid() {
		return r.ID
	}
	return r.URN.Name()
}

// provider reports whether it is one of Pulumi's providers, which stand nowhere.
func (r deployedResource) provider() bool { return strings.HasPrefix(r.Type, "pulumi:providers:") }

func readDeployed(export []byte) (deployed, error) {
	var state deployed
	if err := json.Unmarshal(export, &state); err != nil {
		return deployed{}, fmt.Errorf("reading the stack's state: %w", err)
	}
	return state, nil
}

// kept are the resources that a teardown leaves where they are.
func (d deployed) kept() (out []string) {
	for _, r := range d.Deployment.Resources {
		if r.Custom && r.RetainOnDelete {
			out = append(out, fmt.Sprintf("%s (%s, %s)", r.name(), r.Type, r.ID))
		}
	}
	return out
}

// refuseProtected refuses what Pulumi would refuse half-way: it deletes what others need
// least first, and comes to the user pool last.
func (s session) refuseProtected(state deployed) error {
	var pools, others []string
	for _, r := range state.Deployment.Resources {
		switch {
		case r.Type == "aws:cognito/userPool:UserPool" && (r.Protect || r.Inputs["deletionProtection"] == "ACTIVE"):
			pools = append(pools, r.name()+" ("+r.ID+")")
		case r.Protect:
			others = append(others, string(r.URN))
		}
	}
	var why []string
	if len(pools) > 0 {
		why = append(why, fmt.Sprintf("the user pool %s is protected, with all its users; to give it up, set deletionProtection: false in %s:identity of Pulumi.%s.yaml, run make up STACK=%s, and then make destroy STACK=%s again",
			strings.Join(pools, ", "), s.settingsPrefix(), s.stack.Name, s.stack.Name, s.stack.Name))
	}
	for _, urn := range others {
		why = append(why, fmt.Sprintf("%s is protected; pulumi state unprotect '%s' --stack %s unlocks it", urn, urn, s.stack.Name))
	}
	if len(why) == 0 {
		return nil
	}
	return fmt.Errorf("destroying stack %s: nothing was deleted: %s", s.stack.Name, strings.Join(why, "; "))
}

// settingsPrefix is what the keys of the stack file begin with.
func (s session) settingsPrefix() string {
	if name, err := s.ws.Project(); err == nil {
		return name
	}
	return "auth-api"
}

// tellLeftovers looks for what the stack left behind, and says so, or that there is
// nothing.
func (s session) tellLeftovers(ctx context.Context, project string, local daemon.State) error {
	if s.stack.Local {
		left, err := leftInStore(ctx, local, project+"/"+s.stack.Name)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			s.say("Nothing of stack %s is left in the local AWS.", s.stack.Name)
			return nil
		}
		s.say("Left of stack %s in the local AWS:", s.stack.Name)
		for _, kind := range slices.Sorted(maps.Keys(left)) {
			s.say("  %-40s %s", kind, strings.Join(left[kind], ", "))
		}
		return nil
	}
	left, err := leftOnAWS(ctx, s.stack, project)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		s.say("Nothing with the tags project=%s and stack=%s is left in %s. IAM does not tell of its roles there.", project, s.stack.Name, s.stack.Region)
		return nil
	}
	s.say("Left with the tags project=%s and stack=%s in %s, where AWS may take some minutes to forget what is deleted:", project, s.stack.Name, s.stack.Region)
	for _, arn := range left {
		s.say("  %s", arn)
	}
	return nil
}

// leftInStore asks the local AWS what the stack PROJECT/STACK still declares, by kind.
func leftInStore(ctx context.Context, local daemon.State, stack string) (map[string][]string, error) {
	address := strings.Replace(local.URL, "localhost", "127.0.0.1", 1) + "/_local/resources?stack=" + url.QueryEscape(stack)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("looking for what is left of stack %s: %w", stack, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("looking for what is left of stack %s: %w", stack, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("looking for what is left of stack %s: the local AWS answers %s", stack, resp.Status)
	}
	left := map[string][]string{}
	if err := json.NewDecoder(resp.Body).Decode(&left); err != nil {
		return nil, fmt.Errorf("looking for what is left of stack %s: %w", stack, err)
	}
	return left, nil
}

// leftOnAWS returns the ARNs of what carries the stack's tags in its region, in order.
//
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func leftOnAWS(ctx context.Context, stack workspace.Stack, project string) ([]string, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(stack.Region)}
	if stack.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(stack.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("looking for what is left of stack %s: reading the AWS settings: %w", stack.Name, err)
	}
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(resourcegroupstaggingapi.NewFromConfig(cfg), &resourcegroupstaggingapi.GetResourcesInput{
		TagFilters: []types.TagFilter{{Key: aws.String("project"), Values: []string{project}}, {Key: aws.String("stack"), Values: []string{stack.Name}}},
	})
	var left []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("looking for what is left of stack %s: %w; the stack itself is destroyed", stack.Name, err)
		}
		for _, r := range page.ResourceTagMappingList {
			left = append(left, aws.ToString(r.ResourceARN))
		}
	}
	slices.Sort(left)
	return left, nil
}
