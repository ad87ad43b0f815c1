//go:build !linux

package lambda

import (
	"os"
	"syscall"
)

// processAttributes puts the process into a group of its own, so that all of it can
// be killed. When the local AWS dies of kill -9, the connection of the function's
// poll breaks, and its runtime ends itself.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// processors cannot be given to a process here.
type processors struct{}

func newProcessors() *processors { return &processors{} }

func (*processors) confine(int) {}

// peakMemory is not known of a running process without cgo.
func peakMemory(int) int64 { return 0 }

// endMemory returns the most memory in bytes that the ended process had.
func endMemory(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss
	}
	return 0
}
