package stress

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// change makes the next change of the stack. One that the kill cut off is asked for
// again first, as a teardown or deployment that is run again does.
func (h *history) change(ctx context.Context, c *child, acknowledged func()) error {
	if h.pending == nil {
		steps := []func() func(context.Context, *engine) error{h.changeCode, h.changeGroups, h.changePath}
		h.pending = steps[h.changes%len(steps)]()
	}
	if err := h.pending(ctx, c.engine); err != nil {
		return fmt.Errorf("changing the stack: %w", err)
	}
	h.pending = nil
	h.changes++
	acknowledged()
	return nil
}

// changeCode gives the function another version of its code.
func (h *history) changeCode() func(context.Context, *engine) error {
	h.nextVersion = (h.version + 1) % versions
	return func(ctx context.Context, e *engine) error {
		next, err := e.update(ctx, h.stack.function, h.stack.functionProps(h.codes[h.nextVersion]))
		if err != nil {
			return err
		}
		h.stack.function, h.version = next, h.nextVersion
		return nil
	}
}

// changeGroups makes a log group and takes the one before away.
func (h *history) changeGroups() func(context.Context, *engine) error {
	name := fmt.Sprintf("group-%03d", h.changes)
	return func(ctx context.Context, e *engine) error {
		m, err := e.create(ctx, "aws:cloudwatch/logGroup:LogGroup", name, map[string]any{"name": name})
		if err != nil {
			return err
		}
		for _, before := range slices.Sorted(maps.Keys(h.groups)) {
			if err := e.delete(ctx, h.groups[before]); err != nil {
				return err
			}
			delete(h.groups, before)
		}
		h.groups = map[string]made{name: m}
		return nil
	}
}

// changePath deploys the API with another path, and takes the deployment before away.
func (h *history) changePath() func(context.Context, *engine) error {
	h.nextPath = h.path + 1
	path := "/path-" + strconv.Itoa(h.nextPath)
	return func(ctx context.Context, e *engine) (err error) {
		s := h.stack
		if s.api, err = e.update(ctx, s.api, map[string]any{"name": "api", "body": s.document(path)}); err != nil {
			return err
		}
		d, err := e.create(ctx, "aws:apigateway/deployment:Deployment", "deployment-"+strconv.Itoa(h.nextPath), map[string]any{"restApi": s.api.id})
		if err != nil {
			return err
		}
		if s.stage, err = e.update(ctx, s.stage, map[string]any{"restApi": s.api.id, "stageName": stage, "deployment": d.id}); err != nil {
			return err
		}
		h.path = h.nextPath
		if d.id != s.deployment.id {
			if err := e.delete(ctx, s.deployment); err != nil {
				return err
			}
		}
		s.deployment = d
		return nil
	}
}

// checkStack calls what is declared, and looks what the inventory has.
func (h *history) checkStack(ctx context.Context, c *child) error {
	version, err := h.callPath(ctx, c, "second", "/open")
	if err != nil {
		return err
	}
	if version != strconv.Itoa(h.version) && (h.pending == nil || version != strconv.Itoa(h.nextVersion)) {
		return fmt.Errorf("the function is at version %s, and was at %d", version, h.version)
	}
	if h.path > 0 {
		_, err := h.callPath(ctx, c, "second", "/path-"+strconv.Itoa(h.path))
		if err != nil && h.pending != nil && h.nextPath != h.path {
			_, err = h.callPath(ctx, c, "second", "/path-"+strconv.Itoa(h.nextPath))
		}
		if err != nil {
			return fmt.Errorf("of what was deployed last: %w", err)
		}
	}
	inventory, err := inventoryOf(ctx, c)
	if err != nil {
		return err
	}
	for name := range h.groups {
		if !slices.Contains(inventory["logs.LogGroup"], name) && h.pending == nil {
			return fmt.Errorf("the log group %s was made, and there are %v", name, inventory["logs.LogGroup"])
		}
	}
	return nil
}

func inventoryOf(ctx context.Context, c *child) (map[string][]string, error) {
	r, err := c.get(ctx, "/_local/resources")
	if err := want(r, err, 200, ""); err != nil {
		return nil, fmt.Errorf("asking for the inventory: %w", err)
	}
	var inventory map[string][]string
	return inventory, json.Unmarshal([]byte(r.body), &inventory)
}

// finish makes the change that is still under way, and looks that every change has left
// what it made, and nothing else.
func (h *history) finish(c *child) {
	h.t.Helper()
	ctx := h.t.Context()
	if h.pending != nil {
		if err := h.change(ctx, c, func() {}); err != nil {
			h.t.Error(err)
		}
	}
	for _, p := range h.people {
		if err := h.checkPerson(ctx, c, p); err != nil {
			h.t.Error(err)
		}
	}
	if err := h.checkStack(ctx, c); err != nil {
		h.t.Error(err)
	}
	inventory, err := inventoryOf(ctx, c)
	if err != nil {
		h.t.Fatal(err)
	}
	for kind, want := range map[string][]string{
		"apigateway.Deployment": {h.stack.deployment.id}, "apigateway.RestApi": {h.stack.api.id}, "apigateway.Stage": {h.stack.stage.id},
		"lambda.Function": {"echo"}, "logs.LogGroup": slices.Sorted(maps.Keys(h.groups)),
	} {
		if got := inventory[kind]; !slices.Equal(got, want) {
			h.t.Errorf("of %s there are %v, want %v", kind, got, want)
		}
	}
}
