package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"syscall"

	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/selector"
)

// What one pick costs: select a service and take its next node, as go-micro's client does for every call. Median of
// seven rounds, in nanoseconds of CPU, and the collections per pick, both over a registry in memory with the selector's cache.
type figures struct {
	Nodes              int     `json:"nodes"`
	RandomNs           float64 `json:"randomNs"`
	RoundRobinNs       float64 `json:"roundRobinNs"`
	CollectionsPer10M  float64 `json:"collectionsPer10M"`
	NextAloneNs        float64 `json:"nextAloneNs"`
	BareArrayIndexNs   float64 `json:"bareArrayIndexNs"`
	AllocationsPerPick float64 `json:"allocationsPerPick"`
}

// cpu is what this process has used so far, its collector included, in nanoseconds: a busy machine counts little.
func cpu() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func median(rounds int, count int, work func(int)) float64 {
	all := make([]float64, rounds)
	for round := range all {
		begin := cpu()
		for index := 0; index < count; index++ {
			work(index)
		}
		all[round] = float64(cpu()-begin) / float64(count)
	}
	sort.Float64s(all)
	return all[rounds/2]
}

func bench(nodes int, picks int) (figures, error) {
	r := registry.NewMemoryRegistry()
	service := &registry.Service{Name: "users", Version: "1.0.0"}
	for index := 0; index < nodes; index++ {
		node := &registry.Node{Id: fmt.Sprintf("n%d", index), Address: fmt.Sprintf("127.0.0.1:%d", index+1)}
		service.Nodes = append(service.Nodes, node)
	}
	if err := r.Register(service); err != nil {
		return figures{}, err
	}
	s := selector.NewSelector(selector.Registry(r))
	defer s.Close()
	var failed error
	pick := func(strategy selector.Strategy) func(int) {
		return func(int) {
			next, err := s.Select("users", selector.WithStrategy(strategy))
			if err == nil {
				_, err = next()
			}
			if err != nil {
				failed = err
			}
		}
	}
	median(1, picks, pick(selector.Random))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	random := median(7, picks, pick(selector.Random))
	runtime.ReadMemStats(&after)
	total := float64(7 * picks)
	next, err := s.Select("users")
	if err != nil {
		return figures{}, err
	}
	array := make([]*registry.Node, nodes)
	copy(array, service.Nodes)
	sum := 0
	bare := median(7, 2_000_000, func(index int) { sum += len(array[index%nodes].Id) })
	return figures{
		Nodes:              nodes,
		RandomNs:           random,
		RoundRobinNs:       median(7, picks, pick(selector.RoundRobin)),
		CollectionsPer10M:  float64(after.NumGC-before.NumGC) / total * 10_000_000,
		AllocationsPerPick: float64(after.Mallocs-before.Mallocs) / total,
		NextAloneNs:        median(7, 500_000, func(int) { _, _ = next() }),
		BareArrayIndexNs:   bare,
	}, failed
}

// Usage: go-micro bench <nodes> <picks per round>
func runBench(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: go-micro bench <nodes> <picks per round>")
	}
	nodes, err := strconv.Atoi(args[0])
	if err != nil || nodes < 1 {
		return fmt.Errorf("nodes must be a number >= 1, got %q", args[0])
	}
	picks, err := strconv.Atoi(args[1])
	if err != nil || picks < 1 {
		return fmt.Errorf("picks must be a number >= 1, got %q", args[1])
	}
	result, err := bench(nodes, picks)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
