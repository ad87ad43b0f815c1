package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/schema"
)

func TestPagingOver150Users(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	declareGroup(f, "all", nil, "")
	want := map[string]bool{}
	f.Update(func(tx *store.Tx) error {
		for i := range 150 {
			name := fmt.Sprintf("user%03d", i)
			u := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: name, Attributes: map[string]string{"family_name": fmt.Sprintf("Family%d", i%2)}}
			if err := f.Pools.UserDeclared(tx, name, nil, &u); err != nil {
				return err
			}
			if err := f.Pools.UserInGroupDeclared(tx, name, userpool.UserInGroup{UserPoolID: pooltest.PoolID, GroupName: "all", Username: name}); err != nil {
				return err
			}
			want[name] = true
		}
		return nil
	})
	check := func(what string, sizes []int, users []types.UserType) {
		t.Helper()
		seen := map[string]bool{}
		for _, u := range users {
			if seen[*u.Username] || !want[*u.Username] {
				t.Errorf("%s: %s is listed twice, or is not one of them", what, *u.Username)
			}
			seen[*u.Username] = true
		}
		if len(seen) != len(want) {
			t.Errorf("%s: %d users in pages of %v, want %d", what, len(seen), sizes, len(want))
		}
	}
	for limit, pages := range map[int32]string{60: "[60 60 30]", 0: "[60 60 30]", 50: "[50 50 50]", 7: "[7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 3]"} {
		var sizes []int
		var found []types.UserType
		for p := cognitoidentityprovider.NewListUsersPaginator(admin, &cognitoidentityprovider.ListUsersInput{UserPoolId: pool, Filter: aws.String(`username ^= "user"`)},
			func(o *cognitoidentityprovider.ListUsersPaginatorOptions) { o.Limit = limit }); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			sizes, found = append(sizes, len(page.Users)), append(found, page.Users...)
		}
		check("ListUsers", sizes, found)
		if fmt.Sprint(sizes) != pages {
			t.Errorf("pages of %v, want %s", sizes, pages)
		}
	}
	var sizes []int
	var found []types.UserType
	for p := cognitoidentityprovider.NewListUsersInGroupPaginator(admin, &cognitoidentityprovider.ListUsersInGroupInput{UserPoolId: pool, GroupName: aws.String("all")}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		sizes, found = append(sizes, len(page.Users)), append(found, page.Users...)
	}
	check("ListUsersInGroup", sizes, found)

	// A token is good for the list that it came from, and for nothing else.
	in := &cognitoidentityprovider.ListUsersInput{UserPoolId: pool, Limit: aws.Int32(2), Filter: aws.String(`family_name = "Family1"`)}
	first, err := admin.ListUsers(ctx, in)
	if err != nil || len(first.Users) != 2 || value(first.Users[0].Attributes, "family_name") != "Family1" {
		t.Fatalf("%v %v", first, err)
	}
	const other = "us-west-2_Other6789"
	f.Declare(other, pooltest.Pool())
	for what, change := range map[string]func(*cognitoidentityprovider.ListUsersInput){
		"another filter":     func(in *cognitoidentityprovider.ListUsersInput) { in.Filter = aws.String(`family_name = "Family0"`) },
		"no filter":          func(in *cognitoidentityprovider.ListUsersInput) { in.Filter = nil },
		"other attributes":   func(in *cognitoidentityprovider.ListUsersInput) { in.AttributesToGet = []string{"family_name"} },
		"another pool":       func(in *cognitoidentityprovider.ListUsersInput) { in.UserPoolId = aws.String(other) },
		"a token of nothing": func(in *cognitoidentityprovider.ListUsersInput) { in.PaginationToken = aws.String("bm90aGluZw") },
		"a changed token": func(in *cognitoidentityprovider.ListUsersInput) {
			in.PaginationToken = aws.String("A" + (*in.PaginationToken)[1:] + "A")
		},
	} {
		again := *in
		again.PaginationToken = first.PaginationToken
		change(&again)
		if _, err := admin.ListUsers(ctx, &again); code(err) != "InvalidParameterException: Invalid pagination token." {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A user who is deleted between two pages is not missed by the others.
	if _, err := admin.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: pool, Username: first.Users[1].Username}); err != nil {
		t.Fatal(err)
	}
	in.PaginationToken = first.PaginationToken
	next, err := admin.ListUsers(ctx, in)
	if err != nil || *next.Users[0].Username != "user005" {
		t.Errorf("%v %v", next, err)
	}
}

func TestSearchingUsers(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	sub := f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "Reddy", Password: pooltest.Password, Attributes: map[string]string{"given_name": `J"o\n`, "phone_number": "+15551234567"}}).Sub
	disabled := false
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "rest", TemporaryPassword: "temporaryPASS1", Enabled: &disabled, MessageAction: "SUPPRESS"})
	search := func(filter string, wanted ...string) (string, error) {
		out, err := admin.ListUsers(ctx, &cognitoidentityprovider.ListUsersInput{UserPoolId: pool, Filter: aws.String(filter), AttributesToGet: wanted})
		if err != nil {
			return "", err
		}
		var names []string
		for _, u := range out.Users {
			names = append(names, *u.Username)
		}
		return strings.Join(names, " "), nil
	}
	for filter, want := range map[string]string{
		"":                                "Reddy demouser rest",
		`username = "rest"`:               "rest",
		`username="Rest"`:                 "",
		`username ^= "Re"`:                "Reddy",
		`given_name = "J\"o\\n"`:          "Reddy",
		`email ^= "demo@"`:                "demouser",
		`phone_number = "+15551234567"`:   "Reddy",
		`cognito:user_status="confirmed"`: "Reddy demouser",
		`cognito:user_status ^= "FORCE_"`: "rest",
		`status = "Enabled"`:              "Reddy demouser",
		`status = "Disabled"`:             "rest",
		`status = "disabled"`:             "",
		`sub = "` + sub + `"`:             "Reddy",
		`preferred_username = "demo"`:     "demouser",
		`email ^= ""`:                     "demouser",
		`email = ""`:                      "",
	} {
		if got, err := search(filter); err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", filter, got, err, want)
		}
	}
	for filter, want := range map[string]string{
		`nonsense`:                   "Error while parsing filter.",
		`email = x`:                  "Error while parsing filter.",
		`email = "x" and name = "y"`: "Error while parsing filter.",
		`email = "x`:                 "Error while parsing filter.",
		`email \"x\"`:                "Error while parsing filter.",
		`custom:x = "1"`:             "Invalid search attribute: custom:x",
		`Email = "x"`:                "Invalid search attribute: Email",
		`gender = "x"`:               "Invalid search attribute: gender",
		`name = "` + strings.Repeat("x", 250) + `"`: "Error while parsing filter.",
	} {
		if _, err := search(filter); code(err) != "InvalidParameterException: "+want {
			t.Errorf("%s: %v, want %s", filter, err, want)
		}
	}
	out, err := admin.ListUsers(ctx, &cognitoidentityprovider.ListUsersInput{UserPoolId: pool, Filter: aws.String(`username = "demouser"`), AttributesToGet: []string{"email"}})
	if err != nil || len(out.Users[0].Attributes) != 1 || value(out.Users[0].Attributes, "email") != "demo@example.com" {
		t.Errorf("%v %v", out, err)
	}
	for _, wanted := range []string{"email", "custom:none"} { // not all have the one, the pool lacks the other
		if _, err := search("", wanted); code(err) != "InvalidParameterException: Input fails to satisfy the constraints." {
			t.Errorf("%s: %v", wanted, err)
		}
	}
	for limit, want := range map[int32]string{61: "less than or equal to 60", -1: "greater than or equal to 0"} {
		if _, err := admin.ListUsers(ctx, &cognitoidentityprovider.ListUsersInput{UserPoolId: pool, Limit: aws.Int32(limit)}); !strings.HasPrefix(code(err), "InvalidParameterException: 1 validation error detected") || !strings.Contains(code(err), want) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestDescriptions(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.Schemas = []schema.Attribute{{Name: "team", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: &schema.StringConstraints{MinLength: "2", MaxLength: "4"}}}
	p.CreationDate, p.LastModifiedDate = "2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z"
	f.Declare(pooltest.PoolID, p)
	out, err := f.Administrator().DescribeUserPool(t.Context(), &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: pool})
	if err != nil {
		t.Fatal(err)
	}
	d := out.UserPool
	if *d.Id != pooltest.PoolID || *d.Arn != pooltest.PoolARN || *d.Name != "pool" || d.EstimatedNumberOfUsers != 1 || *d.Domain != pooltest.Domain ||
		d.MfaConfiguration != "OFF" || d.UserPoolTier != "ESSENTIALS" || *d.Policies.PasswordPolicy.MinimumLength != 8 || d.Policies.PasswordPolicy.RequireSymbols ||
		d.CreationDate.UTC().Format("2006-01-02") != "2026-01-02" || d.AdminCreateUserConfig.AllowAdminCreateUserOnly || d.AliasAttributes[0] != "email" {
		t.Errorf("%+v", d)
	}
	last := d.SchemaAttributes[len(d.SchemaAttributes)-1]
	if *last.Name != "custom:team" || *last.StringAttributeConstraints.MaxLength != "4" || len(d.SchemaAttributes) != 21 {
		t.Errorf("%d attributes, the last is %+v", len(d.SchemaAttributes), last)
	}
	c := pooltest.Client()
	c.GenerateSecret, c.TokenValidityUnits, c.AccessTokenValidity = true, &userpool.TokenValidityUnits{AccessToken: "minutes"}, 10
	c = f.DeclareClient(pooltest.ClientID, c)
	client, err := f.Administrator().DescribeUserPoolClient(t.Context(), &cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: pool, ClientId: aws.String(pooltest.ClientID)})
	if err != nil {
		t.Fatal(err)
	}
	if u := client.UserPoolClient; *u.ClientSecret != c.ClientSecret || *u.AccessTokenValidity != 10 || u.TokenValidityUnits.AccessToken != "minutes" || *u.AuthSessionValidity != 3 ||
		u.CallbackURLs[0] != pooltest.Callback || len(u.ExplicitAuthFlows) != 3 || !*u.EnableTokenRevocation {
		t.Errorf("%+v", u)
	}
	const other = "us-west-2_Other6789"
	f.Declare(other, pooltest.Pool())
	if _, err := f.Administrator().DescribeUserPoolClient(t.Context(), &cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: aws.String(other), ClientId: aws.String(pooltest.ClientID)}); code(err) != "ResourceNotFoundException: User pool client "+pooltest.ClientID+" does not exist." {
		t.Error(err)
	}
}
