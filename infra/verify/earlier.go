package verify

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// abandoned is how old a run's user is when the run is surely over: nobody removes it then
// but the next run.
const abandoned = time.Hour

// ours are the names of the users that runs make.
var ours = regexp.MustCompile(`^` + prefix + `[0-9a-f]{16}$`)

// earlier looks for users of runs that were killed before they could remove them. Those
// that are old enough it takes over, so that they are removed with this run's own; others
// may be of a run that goes on, and are told. It returns a line for each kind.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
func (p *people) earlier(ctx context.Context) (lines []string) {
	var old, fresh []string
	pages := idp.NewListUsersPaginator(p.s.admin.users, &idp.ListUsersInput{
		UserPoolId: &p.s.out.UserPoolID, Filter: aws.String(fmt.Sprintf(`username ^= "%s"`, prefix)),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return []string{"whether an earlier run left users behind is not known: " + told(err).Error()}
		}
		for _, u := range page.Users {
			name := aws.ToString(u.Username)
			switch {
			case !ours.MatchString(name):
			case p.s.now().Sub(aws.ToTime(u.UserCreateDate)) >= abandoned:
				old = append(old, name)
			default:
				fresh = append(fresh, name)
			}
		}
	}
	if len(old) > 0 {
		p.mu.Lock()
		p.made = append(p.made, old...)
		p.mu.Unlock()
		lines = append(lines, "users that a killed run left behind, which this one removes: "+strings.Join(old, ", "))
	}
	if len(fresh) > 0 {
		lines = append(lines, "users of a run that goes on, or was killed within the hour: "+strings.Join(fresh, ", ")+"; the first run after that hour removes them")
	}
	return lines
}
