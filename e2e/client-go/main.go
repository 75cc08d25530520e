// Command client-go-check uses unmodified client-go against the cluster of $KUBECONFIG and says what works, a line each.
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
)

const namespace = "default"

// kinds counts the content types of the answers, so that protobuf is seen and not only believed.
type kinds struct {
	inner    http.RoundTripper
	protobuf *atomic.Int64
}

func (k *kinds) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := k.inner.RoundTrip(request)
	if err == nil && bytes.HasPrefix([]byte(response.Header.Get("Content-Type")), []byte("application/vnd.kubernetes.protobuf")) {
		k.protobuf.Add(1)
	}
	return response, err
}

func must(err error, what string) {
	if err != nil {
		fmt.Printf("FAIL %s: %v\n", what, err)
		os.Exit(1)
	}
}

func ok(what string) { fmt.Println("ok " + what) }

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(err, "kubeconfig")
	config.QPS = 500
	config.Burst = 1000
	plain := rest.CopyConfig(config)
	seen := &atomic.Int64{}
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper { return &kinds{inner: inner, protobuf: seen} })
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	must(err, "client")
	ctx := context.Background()
	for _, mode := range os.Args[1:] {
		switch mode {
		case "typed":
			typed(ctx, client, seen)
		case "discovery":
			_, lists, err := client.Discovery().ServerGroupsAndResources()
			must(err, "discovery")
			if len(lists) < 10 {
				must(fmt.Errorf("only %d groups", len(lists)), "discovery")
			}
			version, err := client.Discovery().ServerVersion()
			must(err, "version")
			if version.Minor != "36" {
				must(fmt.Errorf("%v", version), "version")
			}
			_, err = client.Discovery().OpenAPISchema()
			must(err, "openapi")
			ok("discovery")
		case "dynamic":
			dynamicClient(ctx, plain)
		case "informers":
			sharedInformers(ctx, client)
		case "election":
			election(ctx, client)
		case "apply":
			apply(ctx, client)
		case "exec":
			execIn(ctx, plain, client)
		case "port-forward":
			forward(plain, client)
		case "failover-write":
			failoverWrite(ctx, client, os.Getenv("CLIENT"))
		case "failover-count":
			failoverCount(ctx, client, os.Getenv("CLIENT"))
		case "failover-watch":
			failoverWatch(ctx, client)
		case "failover-inform":
			failoverInform(client)
		}
	}
}

func typed(ctx context.Context, client kubernetes.Interface, seen *atomic.Int64) {
	before := seen.Load()
	replicas := int32(0)
	labels := map[string]string{"app": "go"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "go", Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "busybox"}}},
			},
		},
	}
	deployments := client.AppsV1().Deployments(namespace)
	created, err := deployments.Create(ctx, deployment, metav1.CreateOptions{})
	must(err, "create")
	if created.Spec.Replicas == nil || *created.Spec.Replicas != 0 || created.Spec.Strategy.RollingUpdate.MaxSurge.StrVal != "25%" {
		must(fmt.Errorf("%+v", created.Spec), "create")
	}
	created.Annotations = map[string]string{"a": "ü"}
	updated, err := deployments.Update(ctx, created, metav1.UpdateOptions{})
	must(err, "update")
	stale := updated.DeepCopy()
	stale.ResourceVersion = "1"
	if _, err := deployments.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		must(fmt.Errorf("no conflict: %v", err), "update")
	}
	patched, err := deployments.Patch(ctx, "go", types.StrategicMergePatchType, []byte(`{"metadata":{"labels":{"more":"1"}}}`), metav1.PatchOptions{})
	must(err, "patch")
	if patched.Labels["more"] != "1" {
		must(fmt.Errorf("%v", patched.Labels), "patch")
	}
	list, err := deployments.List(ctx, metav1.ListOptions{LabelSelector: "app=go"})
	must(err, "list")
	if len(list.Items) != 1 || list.ResourceVersion == "" {
		must(fmt.Errorf("%d items", len(list.Items)), "list")
	}
	_, err = deployments.Get(ctx, "none", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		must(fmt.Errorf("%v", err), "not found")
	}
	_, err = deployments.Create(ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "BAD"}}, metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		must(fmt.Errorf("%v", err), "invalid")
	}
	policy := metav1.DeletePropagationBackground
	must(deployments.Delete(ctx, "go", metav1.DeleteOptions{PropagationPolicy: &policy}), "delete")
	if seen.Load()-before < 6 {
		must(fmt.Errorf("only %d answers in protobuf", seen.Load()-before), "protobuf")
	}
	ok("typed")
}

func dynamicClient(ctx context.Context, config *rest.Config) {
	client, err := dynamic.NewForConfig(config)
	must(err, "dynamic")
	maps := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "dynamic"}, "data": map[string]any{"a": "b"},
	}}
	_, err = maps.Create(ctx, object, metav1.CreateOptions{})
	must(err, "dynamic create")
	got, err := maps.Get(ctx, "dynamic", metav1.GetOptions{})
	must(err, "dynamic get")
	if value, _, _ := unstructured.NestedString(got.Object, "data", "a"); value != "b" {
		must(fmt.Errorf("%v", got.Object), "dynamic get")
	}
	must(maps.Delete(ctx, "dynamic", metav1.DeleteOptions{}), "dynamic delete")
	ok("dynamic")
}

// The test restarts the server when it reads RESTART and answers with a line.
func sharedInformers(ctx context.Context, client kubernetes.Interface) {
	factory := informers.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().ConfigMaps()
	var added atomic.Int64
	_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { added.Add(1) },
	})
	must(err, "informer")
	stop := make(chan struct{})
	defer close(stop)
	factory.Start(stop)
	for kind, synced := range factory.WaitForCacheSync(stop) {
		if !synced {
			must(fmt.Errorf("%v", kind), "sync")
		}
	}
	create := func(name string) {
		must(wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
			_, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
			return err == nil || apierrors.IsAlreadyExists(err), nil
		}), "create "+name)
	}
	arrives := func(name string) {
		must(wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 40*time.Second, true, func(context.Context) (bool, error) {
			_, err := informer.Lister().ConfigMaps(namespace).Get(name)
			return err == nil, nil
		}), "see "+name)
	}
	create("before")
	arrives("before")
	fmt.Println("RESTART")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	for i := 0; i < 50; i++ {
		create(fmt.Sprintf("after-%d", i))
	}
	for i := 0; i < 50; i++ {
		arrives(fmt.Sprintf("after-%d", i))
	}
	ok("informers")
}

func election(ctx context.Context, client kubernetes.Interface) {
	ctx, cancel := context.WithCancel(ctx)
	first, second := make(chan struct{}), make(chan struct{})
	run := func(identity string, ctx context.Context, led chan struct{}) {
		lock := &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: lock, ReleaseOnCancel: true,
			LeaseDuration: 2 * time.Second, RenewDeadline: time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { close(led) }, OnStoppedLeading: func() {}},
		})
	}
	go run("one", ctx, first)
	wait1 := time.After(20 * time.Second)
	select {
	case <-first:
	case <-wait1:
		must(fmt.Errorf("nobody leads"), "election")
	}
	go run("two", context.Background(), second)
	select {
	case <-second:
		must(fmt.Errorf("two leaders"), "election")
	case <-time.After(time.Second):
	}
	cancel()
	select {
	case <-second:
	case <-time.After(20 * time.Second):
		must(fmt.Errorf("nobody follows"), "election")
	}
	ok("election")
}

func apply(ctx context.Context, client kubernetes.Interface) {
	applied, err := client.CoreV1().ConfigMaps(namespace).Apply(ctx,
		applycore.ConfigMap("applied", namespace).WithData(map[string]string{"a": "1"}), metav1.ApplyOptions{FieldManager: "go"})
	must(err, "apply")
	if applied.Data["a"] != "1" || len(applied.ManagedFields) == 0 {
		must(fmt.Errorf("%+v", applied), "apply")
	}
	_, err = client.CoreV1().ConfigMaps(namespace).Apply(ctx,
		applycore.ConfigMap("applied", namespace).WithData(map[string]string{"a": "2"}), metav1.ApplyOptions{FieldManager: "other"})
	if !apierrors.IsConflict(err) {
		must(fmt.Errorf("no conflict: %v", err), "apply")
	}
	ok("apply")
}

func execIn(ctx context.Context, config *rest.Config, client kubernetes.Interface) {
	request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name("box").SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: []string{"sh", "-c", "cat; exit 3"}, Stdin: true, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executors := map[string]func() (remotecommand.Executor, error){
		"websocket": func() (remotecommand.Executor, error) {
			return remotecommand.NewWebSocketExecutor(config, "GET", request.URL().String())
		},
		"spdy": func() (remotecommand.Executor, error) {
			return remotecommand.NewSPDYExecutor(config, "POST", request.URL())
		},
	}
	for name, make := range executors {
		executor, err := make()
		must(err, name)
		var out, errs bytes.Buffer
		err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: bytes.NewBufferString("hello"), Stdout: &out, Stderr: &errs})
		if out.String() != "hello" || err == nil || err.Error() != "command terminated with exit code 3" {
			must(fmt.Errorf("%q %q %v", out.String(), errs.String(), err), name)
		}
	}
	ok("exec")
}

func forward(config *rest.Config, client kubernetes.Interface) {
	address := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name("box").SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	must(err, "port-forward")
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	tunnel, err := portforward.NewSPDYOverWebsocketDialer(address, config)
	must(err, "port-forward")
	for i := 0; i < 2; i++ {
		stop, ready := make(chan struct{}), make(chan struct{})
		use := dialer
		if i == 1 {
			use = tunnel
		}
		forwarder, err := portforward.New(use, []string{"0:8080"}, stop, ready, io.Discard, os.Stderr)
		must(err, "port-forward")
		go func() {
			if err := forwarder.ForwardPorts(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
		select {
		case <-ready:
		case <-time.After(10 * time.Second):
			must(fmt.Errorf("not ready"), "port-forward")
		}
		ports, err := forwarder.GetPorts()
		must(err, "port-forward")
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local))
		must(err, "port-forward")
		body, _ := io.ReadAll(response.Body)
		if !bytes.Contains(body, []byte(os.Getenv("PAGE"))) {
			must(fmt.Errorf("%q", body), "port-forward")
		}
		close(stop)
	}
	ok("port-forward")
}
