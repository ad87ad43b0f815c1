package lambda

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// processAttributes puts the process into a group of its own, so that all of it can
// be killed, and has the kernel kill it when the local AWS dies, even of kill -9.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// processors are those that functions may run on. They are of the spawner's goroutine.
type processors struct {
	all  []int // none when the kernel does not tell
	next int
}

func newProcessors() *processors {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return &processors{}
	}
	p := &processors{}
	for cpu := 0; len(p.all) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			p.all = append(p.all, cpu)
		}
	}
	return p
}

// confine has the thread, and so the processes that it starts from now on, run on so
// many processors, taking turns so that instances spread over all. A process that
// knows of one processor alone also wakes no second one for every event.
func (p *processors) confine(count int) {
	if len(p.all) == 0 {
		return
	}
	var set unix.CPUSet
	for range min(count, len(p.all)) {
		set.Set(p.all[p.next%len(p.all)])
		p.next++
	}
	_ = unix.SchedSetaffinity(0, &set) // where it is forbidden, functions get all there are
}

// peakMemory returns the most memory in bytes that the running process has had, 0
// when that is not known.
func peakMemory(pid int) int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(status, []byte("\nVmHWM:"))
	if !found {
		return 0
	}
	fields := bytes.Fields(rest[:max(bytes.IndexByte(rest, '\n'), 0)])
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kb << 10
}

// endMemory returns the most memory in bytes that the ended process had.
func endMemory(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
