package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// unlock takes away the locks of a local stack whose processes are gone: Pulumi was killed,
// and nobody else can be at work, as the state is a folder of this checkout. Locks of
// stacks on AWS are left alone: who holds them may be on another machine.
func (s session) unlock() error {
	project, err := s.ws.Project()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(s.ws.Root, ".auth-api", "state", ".pulumi", "locks", "organization", project, s.stack.Name, "*.json"))
	if err != nil {
		return fmt.Errorf("looking for locks of stack %s: %w", s.stack.Name, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue // given back just now
		}
		if err != nil {
			return fmt.Errorf("looking for locks of stack %s: %w", s.stack.Name, err)
		}
		var lock struct {
			PID  int    `json:"pid"`
			Host string `json:"hostname"`
		}
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("looking for locks of stack %s: %w", s.stack.Name, err)
		}
		if json.Unmarshal(data, &lock) != nil || lock.Host != host || lock.PID < 1 || !gone(lock.PID) {
			return nil // somebody may be at work: Pulumi says who
		}
	}
	if len(files) == 0 {
		return nil
	}
	s.say("The last run on stack %s was killed: taking its lock away.", s.stack.Name)
	for _, file := range files {
		for _, name := range []string{file, file + ".attrs"} {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("taking the lock of stack %s away: %w", s.stack.Name, err)
			}
		}
	}
	// Beside each file of its state Pulumi keeps one that says of what type it is, which it
	// does not write in one go; an empty one keeps it from reading the state, none does not.
	notes, err := filepath.Glob(filepath.Join(s.ws.Root, ".auth-api", "state", ".pulumi", "stacks", project, s.stack.Name+".json*.attrs"))
	if err != nil {
		return fmt.Errorf("looking at the state of stack %s: %w", s.stack.Name, err)
	}
	for _, note := range notes {
		if info, err := os.Stat(note); err == nil && info.Size() == 0 {
			if err := os.Remove(note); err != nil {
				return fmt.Errorf("mending the state of stack %s: %w", s.stack.Name, err)
			}
		}
	}
	return nil
}

// gone tells whether a process has ended. One that nobody has asked how it ended keeps its
// number; where there is a /proc, its state Z or X tells it from one at work.
//
// See https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) // it may have ended just now
	}
	stat := string(data)
	state := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // behind its name, which may hold anything
	return len(state) > 0 && (state[0] == "Z" || state[0] == "X")
}
