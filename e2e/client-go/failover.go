package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
)

// theEnd is the last object that anybody writes: who sees it has seen everything.
const theEnd = "the-end"

// untilStdinCloses says when the test has had enough.
func untilStdinCloses() <-chan struct{} {
	over := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		close(over)
	}()
	return over
}

func isOver(over <-chan struct{}) bool {
	select {
	case <-over:
		return true
	default:
		return false
	}
}

// failoverWrite creates one ConfigMap after the other. What failed is tried again: then it is there, or was there already.
func failoverWrite(ctx context.Context, client kubernetes.Interface, id string) {
	over := untilStdinCloses()
	for number := 0; !isOver(over); number++ {
		name := fmt.Sprintf("w-go%s-%d", id, number)
		for failed := false; ; failed = true {
			_, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
			if err == nil || (failed && apierrors.IsAlreadyExists(err)) {
				break
			}
			if apierrors.IsAlreadyExists(err) {
				must(err, "the first create of "+name)
			}
			time.Sleep(20 * time.Millisecond)
		}
		fmt.Println("ack", name)
		time.Sleep(5 * time.Millisecond)
	}
}

// failoverCount adds one to a number again and again, as controllers do: read, change, write, again on a conflict.
func failoverCount(ctx context.Context, client kubernetes.Interface, id string) {
	over := untilStdinCloses()
	maps := client.CoreV1().ConfigMaps(namespace)
	name := "count-go" + id
	for !isOver(over) {
		next := 0
		err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
			current, err := maps.Get(ctx, name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				current, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"n": "0"}}, metav1.CreateOptions{})
			}
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(current.Data["n"])
			must(err, "a number")
			next = n + 1
			current.Data["n"] = strconv.Itoa(next)
			_, err = maps.Update(ctx, current, metav1.UpdateOptions{})
			return err
		})
		if err == nil {
			fmt.Println("ack", name, next)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// failoverWatch prints every event from now on; the RetryWatcher goes on after the last one that it saw.
func failoverWatch(ctx context.Context, client kubernetes.Interface) {
	maps := client.CoreV1().ConfigMaps(namespace)
	list, err := maps.List(ctx, metav1.ListOptions{})
	must(err, "list")
	lister := &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return maps.Watch(ctx, options)
		},
	}
	watcher, err := toolswatch.NewRetryWatcherWithContext(ctx, list.ResourceVersion, lister)
	must(err, "watch")
	fmt.Println("watching")
	for event := range watcher.ResultChan() {
		object, isMap := event.Object.(*corev1.ConfigMap)
		if !isMap {
			must(fmt.Errorf("%v %v", event.Type, event.Object), "an event")
		}
		fmt.Println("event", event.Type, object.Name, object.Data["n"]+".")
		if object.Name == theEnd {
			return
		}
	}
	must(fmt.Errorf("the watch ended"), "watch")
}

// failoverInform prints what a shared informer tells its handlers.
func failoverInform(client kubernetes.Interface) {
	stop := make(chan struct{})
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) {
			name := object.(*corev1.ConfigMap).Name
			fmt.Println("event ADDED", name)
			if name == theEnd {
				close(stop)
			}
		},
		DeleteFunc: func(object any) { fmt.Println("event DELETED", object) },
	})
	must(err, "handler")
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	fmt.Println("watching")
	<-stop
}
