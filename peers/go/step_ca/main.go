// step-ca on a loopback port, for tests: a new authority in DIR whose provisioner takes ID tokens. Prints its URL.
//
//	step_ca -dir DIR -discovery URL -client ID [-template JSON] [-lifetime 10m]
//
// DIR/root.pem is the root. The template is one of step-ca's X.509 templates; the default makes a client certificate
// with one URI SAN.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/authority/provisioner"
	"github.com/smallstep/certificates/ca"
	"go.step.sm/crypto/minica"
)

const spiffe = `{
	"subject": {{ toJson .Subject }},
	"uris": ["spiffe://corp.example/human/{{ .Token.sub }}"],
	"keyUsage": ["digitalSignature"],
	"extKeyUsage": ["clientAuth"]
}`

func main() {
	dir := flag.String("dir", "", "where its files go")
	discovery := flag.String("discovery", "", "the OpenID configuration of the issuer of ID tokens")
	client := flag.String("client", "", "the audience of ID tokens")
	template := flag.String("template", spiffe, "the X.509 template")
	lifetime := flag.Duration("lifetime", 10*time.Minute, "of certificates")
	flag.Parse()

	address := free()
	files := authority(*dir)
	issued := &provisioner.Duration{Duration: *lifetime}
	shortest := &provisioner.Duration{Duration: time.Second}
	server, err := ca.New(&config.Config{
		Root:             []string{files.root},
		IntermediateCert: files.intermediate,
		IntermediateKey:  files.key,
		Address:          address,
		DNSNames:         []string{"127.0.0.1", "localhost"},
		AuthorityConfig: &config.AuthConfig{Provisioners: provisioner.List{&provisioner.OIDC{
			Type:                  "OIDC",
			Name:                  "op",
			ClientID:              *client,
			ConfigurationEndpoint: *discovery,
			Claims:                &provisioner.Claims{MinTLSDur: shortest, DefaultTLSDur: issued},
			Options:               &provisioner.Options{X509: &provisioner.X509Options{Template: *template}},
		}}},
	}, ca.WithQuiet(true))
	check(err)
	go func() { log.Fatal(server.Run()) }()
	for {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println("https://" + address)
	select {}
}

type paths struct{ root, intermediate, key string }

func authority(dir string) paths {
	made, err := minica.New(minica.WithName("Test"))
	check(err)
	key, err := x509.MarshalPKCS8PrivateKey(made.Signer)
	check(err)
	return paths{
		root:         write(dir, "root.pem", "CERTIFICATE", made.Root.Raw),
		intermediate: write(dir, "intermediate.pem", "CERTIFICATE", made.Intermediate.Raw),
		key:          write(dir, "intermediate.key", "PRIVATE KEY", key),
	}
}

func write(dir, name, kind string, der []byte) string {
	path := filepath.Join(dir, name)
	check(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

func free() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	return listener.Addr().String()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
