// Command other-registry serves go-containerregistry's registry, which keeps everything in memory
// and lets everybody in, on a free port of 127.0.0.1 over plain HTTP. It says on stderr
// "listening on 127.0.0.1:PORT", and then one line for each request:
// METHOD PATH, and "with credential" if there was an Authorization header.
package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	say := log.New(os.Stderr, "", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		say.Fatalln("other-registry:", err)
	}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	say.Println("listening on", listener.Addr())
	say.Fatalln("other-registry:", http.Serve(listener, recorded(handler, say)))
}

func recorded(handler http.Handler, say *log.Logger) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		handler.ServeHTTP(answer, request)
		credential := ""
		if request.Header.Get("Authorization") != "" {
			credential = " with credential"
		}
		say.Println(request.Method + " " + request.URL.Path + credential)
	})
}
