package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"auth-api/infra/localaws/internal/apitest"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
)

// publish publishes so many versions of worker, which differ in their time.
func (w *world) publish(n int) {
	w.t.Helper()
	for i := range n {
		f := lambda.Function{Name: "worker", Role: "arn:aws:iam::000000000000:role/worker", Code: lambda.Code{SHA256: w.hash}, Runtime: "provided.al2023", Handler: "bootstrap", Timeout: 11 + i, Publish: true,
			Tags: map[string]string{"team": "blue"}, Reserved: aws.Int(5), LastModified: "2026-03-04T05:06:07Z"}
		w.Update(func(tx *store.Tx) error {
			w.functions.Derive(&f)
			if err := w.functions.FunctionChanged(tx, nil, &f); err != nil {
				return err
			}
			return lambda.Functions.Put(tx, "worker", f)
		})
	}
}

func (w *world) alias(name, version string, weights map[string]float64) {
	w.t.Helper()
	a := lambda.Alias{Name: name, FunctionName: "worker", FunctionVersion: version, Description: "for " + name}
	if weights != nil {
		a.RoutingConfig = &lambda.RoutingConfig{AdditionalVersionWeights: weights}
	}
	w.functions.DeriveAlias(&a)
	w.Update(func(tx *store.Tx) error {
		if err := w.functions.AliasDeclared(tx, a); err != nil {
			return err
		}
		return lambda.Aliases.Put(tx, a.ARN, a)
	})
}

// A right to the function is none to its alias, nor to a version; nor the other way round.
func TestWhoMayInvokeAnAlias(t *testing.T) {
	w := newWorld(t)
	w.publish(2)
	w.alias("live", "1", nil)
	const none = "because no identity-based policy allows the lambda:InvokeFunction action"
	for i, c := range []struct {
		name, policy        string
		function, qualifier string
		version             string // that runs; none when it is refused
		resource            string // of the refusal
	}{
		{name: "the alias", policy: worker + ":live", function: "worker", qualifier: "live", version: "1"},
		{name: "the alias, behind the name", policy: worker + ":live", function: "worker:live", version: "1"},
		{name: "the alias, by ARN", policy: worker + ":live", function: worker + ":live", version: "1"},
		{name: "the alias, twice", policy: worker + ":live", function: worker + ":live", qualifier: "live", version: "1"},
		{name: "every qualifier", policy: worker + ":*", function: "worker", qualifier: "2", version: "2"},
		{name: "the version", policy: worker + ":2", function: "worker", qualifier: "2", version: "2"},
		{name: "the function", policy: worker, function: "worker", version: "$LATEST"},
		{name: "the alias, with a right to the function", policy: worker, function: "worker", qualifier: "live", resource: worker + ":live"},
		{name: "the version, with a right to its alias", policy: worker + ":live", function: "worker", qualifier: "1", resource: worker + ":1"},
		{name: "the alias, with a right to its version", policy: worker + ":1", function: "worker:live", resource: worker + ":live"},
		{name: "the function, with a right to the alias", policy: worker + ":live", function: "worker", resource: worker},
		{name: "an alias that is not there, without a right to it", policy: worker + ":live", function: "worker:dead", resource: worker + ":dead"},
	} {
		t.Run(c.name, func(t *testing.T) {
			role := fmt.Sprint("caller", i)
			in := &client.InvokeInput{FunctionName: &c.function, Payload: []byte(`{"Text":"hello"}`)}
			if c.qualifier != "" {
				in.Qualifier = &c.qualifier
			}
			out, err := w.client(w.Role(role, apitest.Allow("lambda:InvokeFunction", c.policy))).Invoke(t.Context(), in)
			if c.version == "" {
				apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session(role)+" is not authorized to perform: lambda:InvokeFunction on resource: "+c.resource+" "+none)
				return
			}
			if err != nil || out.FunctionError != nil || aws.ToString(out.ExecutedVersion) != c.version || !strings.Contains(string(out.Payload), "hello") {
				t.Errorf("%+v %v", out, err)
			}
		})
	}

	// A permission of the function lets in by its own ARN alone.
	guest := w.client(w.Role("guest"))
	p := lambda.Permission{StatementID: "it", Action: "lambda:InvokeFunction", Function: "worker", Qualifier: "live", Principal: "arn:aws:iam::000000000000:role/guest"}
	w.Update(func(tx *store.Tx) error {
		if err := w.functions.PermissionDeclared(tx, "it", p); err != nil {
			return err
		}
		return lambda.Permissions.Put(tx, "it", p)
	})
	if out, err := guest.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("worker"), Qualifier: aws.String("live")}); err != nil || *out.ExecutedVersion != "1" {
		t.Errorf("by the alias's permission: %v", err)
	}
	for name, resource := range map[string]string{"worker": worker, "worker:1": worker + ":1", "worker:$LATEST": worker + ":$LATEST"} {
		_, err := guest.Invoke(t.Context(), &client.InvokeInput{FunctionName: &name})
		apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session("guest")+" is not authorized to perform: lambda:InvokeFunction on resource: "+resource+" "+none)
	}

	everything := w.client(w.Role("everything", apitest.Allow("lambda:*", "*")))
	_, err := everything.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("worker:dead")})
	apitest.Refused(t, err, "ResourceNotFoundException", "Function not found: "+worker+":dead")
	_, err = everything.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("worker:1"), Qualifier: aws.String("live")})
	apitest.Refused(t, err, "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier.")
}

func TestLookingAtVersionsAndAliases(t *testing.T) {
	w := newWorld(t)
	w.publish(11)
	w.alias("live", "1", map[string]float64{"11": 0.25})
	w.alias("next", "11", nil)
	w.declare("worker-two", nil)
	c := w.client(w.Role("looker", apitest.Allow("lambda:*", "*")))

	var versions []string
	pages := client.NewListVersionsByFunctionPaginator(c, &client.ListVersionsByFunctionInput{FunctionName: aws.String("worker"), MaxItems: aws.Int32(5)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Versions {
			versions = append(versions, *f.Version)
			if *f.FunctionArn != worker+":"+*f.Version {
				t.Errorf("version %s has the ARN %s", *f.Version, *f.FunctionArn)
			}
		}
	}
	if got := strings.Join(versions, " "); got != "$LATEST 1 2 3 4 5 6 7 8 9 10 11" {
		t.Errorf("the versions are %s", got)
	}

	var all []string
	every := client.NewListFunctionsPaginator(c, &client.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll, MaxItems: aws.Int32(4)})
	for every.HasMorePages() {
		page, err := every.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			all = append(all, strings.TrimPrefix(*f.FunctionArn, worker))
		}
	}
	if got := strings.Join(all, " "); got != ":$LATEST :1 :2 :3 :4 :5 :6 :7 :8 :9 :10 :11 -two:$LATEST" {
		t.Errorf("all functions are %s", got)
	}

	first, err := c.GetFunction(t.Context(), &client.GetFunctionInput{FunctionName: aws.String("worker"), Qualifier: aws.String("live")})
	if err != nil {
		t.Fatal(err)
	}
	if f := first.Configuration; *f.Version != "1" || *f.Timeout != 11 || *f.FunctionArn != worker+":live" || first.Concurrency != nil || first.Tags != nil || f.TracingConfig.Mode != types.TracingModePassThrough || f.VpcConfig != nil {
		t.Errorf("%+v %+v", first, f)
	}
	if now, err := c.GetFunction(t.Context(), &client.GetFunctionInput{FunctionName: aws.String("worker")}); err != nil || *now.Configuration.Version != "$LATEST" || *now.Configuration.Timeout != 21 || now.Tags["team"] != "blue" || *now.Concurrency.ReservedConcurrentExecutions != 5 {
		t.Errorf("%+v %v", now, err)
	}

	live, err := c.GetAlias(t.Context(), &client.GetAliasInput{FunctionName: aws.String(worker), Name: aws.String("live")})
	if err != nil || *live.AliasArn != worker+":live" || *live.FunctionVersion != "1" || *live.Description != "for live" || live.RoutingConfig.AdditionalVersionWeights["11"] != 0.25 {
		t.Errorf("%+v %v", live, err)
	}
	for version, want := range map[string]string{"": "live next", "1": "live", "11": "live next", "2": ""} {
		in := &client.ListAliasesInput{FunctionName: aws.String("worker"), MaxItems: aws.Int32(1)}
		if version != "" {
			in.FunctionVersion = &version
		}
		var names []string
		for pages := client.NewListAliasesPaginator(c, in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page.Aliases {
				names = append(names, *a.Name)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("the aliases of version %q are %q, want %q", version, got, want)
		}
	}

	for _, test := range []struct {
		name       string
		call       func() error
		code, says string
	}{
		{"an alias that is not there", func() error {
			_, err := c.GetAlias(t.Context(), &client.GetAliasInput{FunctionName: aws.String("worker"), Name: aws.String("dead")})
			return err
		}, "ResourceNotFoundException", "Cannot find alias arn: " + worker + ":dead"},
		{"an alias of no name", func() error {
			_, err := c.GetAlias(t.Context(), &client.GetAliasInput{FunctionName: aws.String("worker"), Name: aws.String("a/b")})
			return err
		}, "ValidationException", "1 validation error detected: Value 'a%2Fb' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"},
		{"an alias of an alias", func() error {
			_, err := c.ListAliases(t.Context(), &client.ListAliasesInput{FunctionName: aws.String("worker:live")})
			return err
		}, "ValidationException", `1 validation error detected: Value 'worker:live' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)`},
		{"aliases of no version", func() error {
			_, err := c.ListAliases(t.Context(), &client.ListAliasesInput{FunctionName: aws.String("worker"), FunctionVersion: aws.String("live")})
			return err
		}, "ValidationException", `1 validation error detected: Value 'live' at 'functionVersion' failed to satisfy constraint: Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)`},
		{"versions of no function", func() error {
			_, err := c.ListVersionsByFunction(t.Context(), &client.ListVersionsByFunctionInput{FunctionName: aws.String("nobody")})
			return err
		}, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-west-2:000000000000:function:nobody"},
		{"functions of one version", func() error {
			_, err := c.ListFunctions(t.Context(), &client.ListFunctionsInput{FunctionVersion: "ONE"})
			return err
		}, "ValidationException", "1 validation error detected: Value 'ONE' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]"},
	} {
		t.Run(test.name, func(t *testing.T) { apitest.Refused(t, test.call(), test.code, test.says) })
	}

	// Looking takes a right to the function, whichever alias is looked at.
	stranger := w.client(w.Role("stranger", apitest.Allow("lambda:*", worker+":*")))
	calls := map[string]func() error{
		"GetAlias": func() error {
			_, err := stranger.GetAlias(t.Context(), &client.GetAliasInput{FunctionName: aws.String("worker"), Name: aws.String("live")})
			return err
		},
		"ListAliases": func() error {
			_, err := stranger.ListAliases(t.Context(), &client.ListAliasesInput{FunctionName: aws.String("worker")})
			return err
		},
		"ListVersionsByFunction": func() error {
			_, err := stranger.ListVersionsByFunction(t.Context(), &client.ListVersionsByFunctionInput{FunctionName: aws.String("worker")})
			return err
		},
	}
	for action, call := range calls {
		apitest.Refused(t, call(), "AccessDeniedException", "User: "+apitest.Session("stranger")+" is not authorized to perform: lambda:"+action+" on resource: "+worker+" because no identity-based policy allows the lambda:"+action+" action")
	}
}

// What a function declares of its surroundings is shown again.
func TestAFunctionsSurroundingsAreShown(t *testing.T) {
	w := newWorld(t)
	const key = "arn:aws:kms:us-west-2:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	w.declare("inside", func(f *lambda.Function) {
		f.VPCConfig = &lambda.VPCConfig{SubnetIDs: []string{"subnet-1"}, SecurityGroupIDs: []string{"sg-1"}}
		f.TracingConfig = &lambda.TracingConfig{Mode: "Active"}
		f.KMSKeyARN, f.Environment = key, &lambda.Environment{Variables: map[string]string{"STAGE": "prod"}}
	})
	f, err := w.client(apitest.Administrator()).GetFunctionConfiguration(t.Context(), &client.GetFunctionConfigurationInput{FunctionName: aws.String("inside")})
	if err != nil || f.TracingConfig.Mode != types.TracingModeActive || *f.KMSKeyArn != key || strings.Join(f.VpcConfig.SubnetIds, " ") != "subnet-1" || strings.Join(f.VpcConfig.SecurityGroupIds, " ") != "sg-1" {
		t.Errorf("%+v %v", f, err)
	}
}
