package localaws

import (
	"context"
	"slices"
	"sync"
	"time"

	"auth-api/infra/localaws/userpool"
)

// Mailbox holds the messages that AWS would have mailed to users: the last thousand,
// in memory alone.
type Mailbox struct {
	now      func() time.Time
	mu       sync.Mutex
	messages []Mail
}

// Mail is one message.
type Mail struct {
	Time        time.Time `json:"time"`
	UserPoolID  string    `json:"userPoolId"`
	Username    string    `json:"username"`
	Destination string    `json:"destination"`
	Kind        string    `json:"kind"`
	Code        string    `json:"code"`
}

const mailboxSize = 1000

func (m *Mailbox) deliver(_ context.Context, message userpool.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.messages) == mailboxSize {
		m.messages = slices.Delete(m.messages, 0, 1)
	}
	m.messages = append(m.messages, Mail{
		Time: m.now().UTC(), UserPoolID: message.PoolID, Username: message.Username,
		Destination: message.Destination, Kind: message.Kind, Code: message.Code,
	})
}

// For returns the messages to this user name or address, newest last; all of them
// when it is empty.
func (m *Mailbox) For(recipient string) []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := []Mail{}
	for _, mail := range m.messages {
		if recipient == "" || mail.Username == recipient || mail.Destination == recipient {
			found = append(found, mail)
		}
	}
	return found
}
