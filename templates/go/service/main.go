package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"@@module@@/internal/greeting"
)

func newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("/hello/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, greeting.For(strings.TrimPrefix(r.URL.Path, "/hello/")))
	})
	return mux
}

func main() {
	address := flag.String("listen", "127.0.0.1:8080", "the address to listen on")
	flag.Parse()
	server := &http.Server{Addr: *address, Handler: newHandler(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
