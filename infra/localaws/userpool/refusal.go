package userpool

import "fmt"

// Refusal is a no of the user pools, by Cognito's name for it. Every operation that
// says no returns one; any other error is a fault of the local AWS itself.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
type Refusal struct {
	Code    string // the exception's name, such as NotAuthorizedException
	Message string // what the client is told, to the letter
	Reason  string // what the request's record says, which may be more; never a secret
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Is makes refusals that tell the client the same equal to errors.Is.
func (r *Refusal) Is(target error) bool {
	other, ok := target.(*Refusal)
	return ok && other.Code == r.Code && other.Message == r.Message
}

// because returns the same refusal with a reason for the record alone.
func (r *Refusal) because(reason string) *Refusal {
	return &Refusal{Code: r.Code, Message: r.Message, Reason: reason}
}

// Refuse returns a refusal whose reason is its message.
func Refuse(code, message string) *Refusal {
	return &Refusal{Code: code, Message: message, Reason: message}
}

// Invalid returns the refusal of a parameter.
func Invalid(format string, args ...any) *Refusal {
	return Refuse("InvalidParameterException", fmt.Sprintf(format, args...))
}

// The refusals that hosted pages and API tell apart by more than their code.
var (
	ErrWrongPassword = Refuse("NotAuthorizedException", "Incorrect username or password.")
	// ErrInvalidSession and ErrSessionExpired: the session of a challenge cannot be
	// answered, or no longer.
	ErrInvalidSession = Refuse("NotAuthorizedException", "Invalid session for the user.")
	ErrSessionExpired = Refuse("NotAuthorizedException", "Invalid session for the user, session is expired.")
)

// The refusals that many operations share.
var (
	errLockedOut    = Refuse("NotAuthorizedException", "Password attempts exceeded")
	errUserExists   = Refuse("UsernameExistsException", "User already exists")
	errDisabled     = Refuse("NotAuthorizedException", "User is disabled.")
	errNoUser       = Refuse("UserNotFoundException", "User does not exist.")
	errUnconfirmed  = Refuse("UserNotConfirmedException", "User is not confirmed.")
	errMustReset    = Refuse("PasswordResetRequiredException", "Password reset required for the user")
	errPasswordUsed = Refuse("PasswordHistoryPolicyViolationException", "Password does not satisfy the password history policy of the user pool: it has been used before.")
)
