package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func fetch(args []string) {
	flags := flag.NewFlagSet("fetch", flag.ExitOnError)
	socket := flags.String("socket", "", "the path of the socket")
	audience := flags.String("audience", "", "of the JWT-SVID")
	check(flags.Parse(args))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err := workloadapi.New(ctx, workloadapi.WithAddr("unix://"+*socket))
	check(err)
	defer client.Close()

	found, err := client.FetchX509Context(ctx)
	check(err)
	leaf := found.DefaultSVID()
	_, _, err = x509svid.Verify(leaf.Certificates, found.Bundles)
	check(err)
	chain, key, err := leaf.Marshal()
	check(err)

	bundles, err := client.FetchJWTBundles(ctx)
	check(err)
	token, err := client.FetchJWTSVID(ctx, jwtsvid.Params{Audience: *audience})
	check(err)
	_, err = jwtsvid.ParseAndValidate(token.Marshal(), bundles, []string{*audience})
	check(err)
	bundle, err := bundles.GetJWTBundleForTrustDomain(leaf.ID.TrustDomain())
	check(err)
	keys, err := bundle.Marshal()
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"id": leaf.ID.String(), "chain": string(chain), "key": string(key),
		"jwt": token.Marshal(), "jwks": json.RawMessage(keys),
	}))
}
