// Command etcd-put measures how many writes per second an etcd server takes from a number of clients: blind puts, compare-and-set updates, or a
// mix of create, compare-and-set update and delete.
//
// It prints one JSON line: {"updates": N, "seconds": S}.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func main() {
	endpoint := flag.String("endpoint", "http://127.0.0.1:2379", "where etcd listens")
	clients := flag.Int("clients", 64, "how many writers, one connection each up to 16")
	seconds := flag.Float64("seconds", 3, "how long to write")
	mode := flag.String("mode", "update", "put, update or mixed")
	size := flag.Int("size", 2048, "bytes of a value")
	flag.Parse()
	if err := run(*endpoint, *mode, *clients, *seconds, *size); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(endpoint, mode string, clients int, seconds float64, size int) error {
	connections := make([]*clientv3.Client, min(clients, 16))
	for i := range connections {
		connection, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 5 * time.Second})
		if err != nil {
			return err
		}
		defer connection.Close()
		connections[i] = connection
	}
	value := strings.Repeat("x", size)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds*float64(time.Second)))
	defer cancel()

	var updates atomic.Int64
	var writers sync.WaitGroup
	started := time.Now()
	for i := range clients {
		writers.Add(1)
		go func() {
			defer writers.Done()
			connection, key := connections[i%len(connections)], fmt.Sprintf("/bench/%d", i)
			switch mode {
			case "put":
				put(ctx, connection, key, value, &updates)
			case "mixed":
				mix(ctx, connection, key, value, &updates)
			default:
				write(ctx, connection, key, value, &updates)
			}
		}()
	}
	writers.Wait()
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"updates": updates.Load(), "seconds": time.Since(started).Seconds()})
}

// put writes one key over and over, whatever it holds.
func put(ctx context.Context, client *clientv3.Client, key, value string, updates *atomic.Int64) {
	for ctx.Err() == nil {
		if _, err := client.Put(ctx, key, value); err != nil {
			return
		}
		updates.Add(1)
	}
}

// mix creates a key, updates it twice by compare-and-set, and deletes it, over and over.
func mix(ctx context.Context, client *clientv3.Client, key, value string, updates *atomic.Int64) {
	key = fmt.Sprintf("%s/%d", key, time.Now().UnixNano())
	for ctx.Err() == nil {
		revision := int64(0)
		for step := range 4 {
			then := clientv3.OpPut(key, value)
			if step == 3 {
				then = clientv3.OpDelete(key)
			}
			answer, err := client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).Then(then).Commit()
			if err != nil || !answer.Succeeded {
				return
			}
			revision = answer.Header.Revision
			updates.Add(1)
		}
	}
}

// write updates one key as an API server does: a transaction that compares the revision it last saw.
func write(ctx context.Context, client *clientv3.Client, key, value string, updates *atomic.Int64) {
	revision := int64(0)
	for ctx.Err() == nil {
		answer, err := client.Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).
			Then(clientv3.OpPut(key, value)).
			Else(clientv3.OpGet(key)).
			Commit()
		switch {
		case err != nil:
			return
		case answer.Succeeded:
			revision = answer.Header.Revision
			updates.Add(1)
		case len(answer.Responses[0].GetResponseRange().Kvs) == 0:
			revision = 0
		default:
			revision = answer.Responses[0].GetResponseRange().Kvs[0].ModRevision
		}
	}
}
