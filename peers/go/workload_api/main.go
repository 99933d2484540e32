// A SPIFFE Workload API on a Unix socket, and a client of one, for tests. The protocol, the identifiers, the bundles and
// every check are go-spiffe's; node and workload attestation are not: whoever reaches the socket gets the identities.
//
//	workload_api serve -dir DIR -id SPIFFE_ID... [-lifetime 1h] [-ca CERT -ca-key KEY]
//	workload_api fetch -socket PATH -audience AUDIENCE
//
// `serve` listens on DIR/api.sock, writes DIR/bundle.json (SPIFFE bundle format) and DIR/bundle.pem, and prints the path
// of the socket. On SIGHUP it takes a new authority, keeps the old one in the bundle, and tells everyone who listens.
// `fetch` prints one JSON line: what go-spiffe's client got and verified.
package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve":
			serve(os.Args[2:])
			return
		case "fetch":
			fetch(os.Args[2:])
			return
		}
	}
	log.Fatal("usage: workload_api serve|fetch ...")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
