package main

import (
	"path/filepath"
	"sync/atomic"
	"testing"
)

// BenchmarkProtectedRoute is a call of the protected route over HTTP: key, signature,
// decision and the real handler as a process. To see where its time goes:
//
//	go test -run '^$' -bench ProtectedRoute -cpuprofile cpu.prof ./infra/localaws/bench
func BenchmarkProtectedRoute(b *testing.B) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		b.Fatal(err)
	}
	o, err := deploy(b.Context(), root, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := o.close(); err != nil {
			b.Error(err)
		}
	})
	request, err := o.request(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var sent atomic.Int64
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		c, err := dial(b.Context(), o.address())
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		for p.Next() {
			if _, err := c.send(request); err != nil {
				b.Error(err)
				return
			}
			sent.Add(1)
		}
	})
	b.ReportMetric(float64(sent.Load())/b.Elapsed().Seconds(), "requests/s")
}
