package pooltest

import (
	"context"
	"time"
)

// Function answers for the pools' Lambda functions: it is what Config.Invoke calls.
type Function func(functionARN string, event []byte, sourceARN string) (payload []byte, functionError string, err error)

// SetFunction sets what the pools' functions do from now on.
func (f *Fixture) SetFunction(do Function) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.function = do
}

// SetImpatient says whether functions are given no time to answer.
func (f *Fixture) SetImpatient(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.impatient = yes
}

func (f *Fixture) invoke(ctx context.Context, functionARN string, event []byte, sourceARN string) ([]byte, string, error) {
	f.mu.Lock()
	do := f.function
	f.mu.Unlock()
	type outcome struct {
		payload []byte
		failed  string
		err     error
	}
	done := make(chan outcome, 1)
	go func() {
		payload, failed, err := do(functionARN, event, sourceARN)
		done <- outcome{payload, failed, err}
	}()
	select {
	case o := <-done:
		return o.payload, o.failed, o.err
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

// after is the pools' AfterFunc: functions have all the time in the world until the
// test says that they have none.
func (f *Fixture) after(_ time.Duration, over func()) func() bool {
	f.mu.Lock()
	impatient := f.impatient
	f.mu.Unlock()
	if impatient {
		over()
	}
	return func() bool { return true }
}
