// Command kube-apiserver is the upstream Kubernetes API server, built from its
// Go module because the test bed cannot download a release binary.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
