// Command keychain prints what go-containerregistry's default keychain finds for each registry
// named on its command line, as one line "user:password" each: a second reader, after skopeo, of
// the files that oreg writes. DOCKER_CONFIG names the directory of the file, as for docker.
package main

import (
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

func main() {
	for _, host := range os.Args[1:] {
		registry, err := name.NewRegistry(host)
		check(err)
		authenticator, err := authn.DefaultKeychain.Resolve(registry)
		check(err)
		found, err := authenticator.Authorization()
		check(err)
		fmt.Printf("%s:%s\n", found.Username, found.Password)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "keychain:", err)
		os.Exit(1)
	}
}
