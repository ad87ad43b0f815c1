package limits

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
)

// journal holds the current count of every row in a file of its own. Counts go to the
// store now and then, as a transaction a request would be too slow; the journal has
// each before its request is answered. It is not synced: what is written into a file
// outlives kill -9 of the process, and a power cut costs no more than what the store
// lacks, about a second.
//
// The file is made of slots of the same size, each with a row's key and its whole
// count, so that a write changes one block in place: it needs no space on the disk,
// and counts nothing twice.
type journal struct {
	file  *os.File
	slots map[row]int64 // by number
	free  []int64
	size  int64 // in slots
}

const slotSize = 256 // bytes; divides a page, so that no slot is half written

// openJournal opens the file, or makes it, and hands every count in it to read.
func openJournal(file string, log *slog.Logger, read func(r row, n int64)) (*journal, error) {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	j := &journal{slots: map[row]int64{}, size: int64(len(data)) / slotSize}
	for i := range j.size {
		text := strings.TrimRight(string(data[i*slotSize:(i+1)*slotSize]), "\x00 \n")
		if text == "" {
			j.free = append(j.free, i)
			continue
		}
		r, n, err := parseSlot(text)
		if err != nil { // after a power cut a block may hold anything
			log.Warn("reading the journal of the usage of API keys", "file", file, "slot", i, "error", err)
			j.free = append(j.free, i)
			continue
		}
		j.slots[r] = i
		read(r, n)
	}
	j.file, err = os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	return j, err
}

func parseSlot(text string) (row, int64, error) {
	key, count, _ := strings.Cut(text, " ")
	r, ok := parseRow(key)
	n, err := strconv.ParseInt(count, 10, 64)
	if !ok || err != nil || n < 0 {
		return row{}, 0, errors.New("it is not PLAN/KEY/DAY and a count")
	}
	return r, n, nil
}

func parseRow(key string) (row, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return row{}, false
	}
	return row{meterName{parts[0], parts[1]}, parts[2]}, true
}

// write puts the row's count in place of the one before.
func (j *journal) write(r row, n int64) error {
	text := r.key() + " " + strconv.FormatInt(n, 10)
	if len(text) > slotSize {
		return fmt.Errorf("the ids of the plan %q and the key %q are too long", r.planID, r.keyID)
	}
	i, known := j.slots[r]
	if !known {
		i = j.size
		if last := len(j.free) - 1; last >= 0 {
			i = j.free[last]
		}
	}
	slot := bytes.Repeat([]byte(" "), slotSize)
	copy(slot, text)
	if _, err := j.file.WriteAt(slot, i*slotSize); err != nil {
		return err
	}
	if known {
		return nil
	}
	j.slots[r] = i
	if i == j.size {
		j.size++
	} else {
		j.free = j.free[:len(j.free)-1]
	}
	return nil
}

// forget takes the row out.
func (j *journal) forget(r row) error {
	i, known := j.slots[r]
	if !known {
		return nil
	}
	if _, err := j.file.WriteAt(bytes.Repeat([]byte(" "), slotSize), i*slotSize); err != nil {
		return err
	}
	delete(j.slots, r)
	j.free = append(j.free, i)
	return nil
}

// clear takes every row out.
func (j *journal) clear() error {
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	j.slots, j.free, j.size = map[row]int64{}, nil, 0
	return nil
}

func (j *journal) close() error { return j.file.Close() }
