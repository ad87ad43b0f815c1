package testers

import (
	"context"
	"slices"
	"sync"
	"time"

	"auth-api/infra/localaws/userpool"
)

// Mailbox holds the messages that AWS would have mailed to users: the last thousand,
// in memory alone. It is safe for use by many goroutines.
type Mailbox struct {
	now      func() time.Time
	mu       sync.Mutex
	sent     int // messages so far
	messages []Mail
}

// Mail is one message.
type Mail struct {
	Time        time.Time `json:"time"`
	UserPoolID  string    `json:"userPoolId"`
	Username    string    `json:"username"`
	Destination string    `json:"destination"`
	Kind        string    `json:"kind"` // SIGN_UP, FORGOT_PASSWORD, INVITATION, VERIFY_ATTRIBUTE
	Code        string    `json:"code"`

	number int // of all that were sent, from 1
}

const mailboxSize = 1000

// NewMailbox returns an empty Mailbox that dates messages by this clock.
func NewMailbox(now func() time.Time) *Mailbox { return &Mailbox{now: now} }

// Deliver puts a message behind the others. It is a userpool.Config's Mail.
func (m *Mailbox) Deliver(_ context.Context, message userpool.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.messages) == mailboxSize {
		m.messages = slices.Delete(m.messages, 0, 1)
	}
	m.sent++
	m.messages = append(m.messages, Mail{
		Time: m.now().UTC(), UserPoolID: message.PoolID, Username: message.Username,
		Destination: message.Destination, Kind: message.Kind, Code: message.Code, number: m.sent,
	})
}

func (mail Mail) isFor(recipient string) bool {
	return recipient == "" || mail.Username == recipient || mail.Destination == recipient
}

// For returns the messages to this user name or address, newest last; all of them
// when it is empty.
func (m *Mailbox) For(recipient string) []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := []Mail{}
	for _, mail := range m.messages {
		if mail.isFor(recipient) {
			found = append(found, mail)
		}
	}
	return found
}

// Empty throws away the messages to this user name or address, or all of them when it
// is empty, and returns how many there were.
func (m *Mailbox) Empty(recipient string) int {
	return m.drop(func(mail Mail) bool { return mail.isFor(recipient) })
}

// count is how many messages have been sent so far.
func (m *Mailbox) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent
}

func (m *Mailbox) drop(which func(Mail) bool) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.messages)
	m.messages = slices.DeleteFunc(m.messages, which)
	return before - len(m.messages)
}
