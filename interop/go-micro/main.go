// A service of go-micro's, driven by lines: what it reads from stdin it does with go-micro's own registry, and answers
// one line of JSON on stdout. Interop tests run it against Rollcall.
//
//	go-micro <consul|etcd|mdns> [address, or the domain of mdns]
//	go-micro bench <nodes> <picks per round>: see bench.go
//
// Lines: {"do":"register","service":{...},"ttl":3} | {"do":"deregister","service":{...}} | {"do":"get","name":"x"} |
// {"do":"list"} | {"do":"watch","name":"x"}. A watch answers {"watching":true} and then one line {"event":...} per
// result.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/registry/consul"
	"go-micro.dev/v5/registry/etcd"
)

type command struct {
	Do      string            `json:"do"`
	Name    string            `json:"name"`
	TTL     int               `json:"ttl"`
	Service *registry.Service `json:"service"`
}

var (
	lock sync.Mutex
	out  = json.NewEncoder(os.Stdout)
)

func say(answer any) {
	lock.Lock()
	defer lock.Unlock()
	if err := out.Encode(answer); err != nil {
		os.Exit(1)
	}
}

func open(kind string, addresses []string) (registry.Registry, error) {
	switch kind {
	case "consul":
		return consul.NewConsulRegistry(registry.Addrs(addresses...)), nil
	case "etcd":
		return etcd.NewEtcdRegistry(registry.Addrs(addresses...)), nil
	case "mdns":
		return registry.NewMDNSRegistry(func(o *registry.Options) {
			for _, domain := range addresses {
				// The key that go-micro itself looks under.
				o.Context = context.WithValue(o.Context, "mdns.domain", domain)
			}
		}), nil
	}
	return nil, fmt.Errorf("unknown registry %q: consul, etcd or mdns", kind)
}

// follow tells every result of a watcher until it ends.
func follow(watcher registry.Watcher) {
	for {
		result, err := watcher.Next()
		if err != nil {
			say(map[string]any{"ended": err.Error()})
			return
		}
		say(map[string]any{"event": result})
	}
}

func do(r registry.Registry, c command) (any, error) {
	switch c.Do {
	case "register":
		ttl := registry.RegisterTTL(time.Duration(c.TTL) * time.Second)
		return map[string]any{"ok": true}, r.Register(c.Service, ttl)
	case "deregister":
		return map[string]any{"ok": true}, r.Deregister(c.Service)
	case "get":
		services, err := r.GetService(c.Name)
		if err == registry.ErrNotFound {
			return map[string]any{"services": []any{}}, nil
		}
		return map[string]any{"services": services}, err
	case "list":
		services, err := r.ListServices()
		return map[string]any{"services": services}, err
	case "watch":
		watcher, err := r.Watch(registry.WatchService(c.Name))
		if err != nil {
			return nil, err
		}
		go follow(watcher)
		return map[string]any{"watching": true}, nil
	}
	return nil, fmt.Errorf("unknown command %q", c.Do)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go-micro <consul|etcd|mdns> [address...]")
		os.Exit(2)
	}
	if os.Args[1] == "bench" {
		if err := runBench(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	r, err := open(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c command
		err := json.Unmarshal(lines.Bytes(), &c)
		var answer any
		if err == nil {
			answer, err = do(r, c)
		}
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		say(answer)
	}
}
