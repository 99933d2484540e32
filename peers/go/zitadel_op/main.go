// The example provider of zitadel/oidc on a loopback port of the system's choice, for tests. Prints its issuer.
//
//	zitadel_op [-redirect URI]...
//
// Users: test-user@127.0.0.1 and test-user2, password verysecure. Clients: web and jwt with the secret "secret" (jwt gets
// JWT access tokens and claims in its ID tokens), native (public, PKCE), and sid1 with the secret "verysecret" for
// client_credentials.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	issuer := "http://" + listener.Addr().String()
	redirects := redirects(os.Args[1:])
	storage.RegisterClients(
		storage.NativeClient("native", redirects...),
		storage.WebClient("web", "secret", redirects...),
		storage.WebClient("jwt", "secret", redirects...),
	)
	store := actingStorage{storage.NewStorage(storage.NewUserStore(issuer))}
	handler := exampleop.SetupServer(issuer, store, slog.New(slog.NewTextHandler(io.Discard, nil)), false)
	fmt.Println(issuer)
	log.Fatal(http.Serve(listener, handler))
}

func redirects(args []string) (uris []string) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] != "-redirect" {
			log.Fatalf("unknown argument %q", args[i])
		}
		uris = append(uris, args[i+1])
	}
	return uris
}

// The example leaves the actor of a delegation out of its tokens; RFC 8693 section 4.1 puts it into "act".
type actingStorage struct{ *storage.Storage }

func (s actingStorage) GetPrivateClaimsFromTokenExchangeRequest(ctx context.Context, request op.TokenExchangeRequest) (map[string]any, error) {
	claims, err := s.Storage.GetPrivateClaimsFromTokenExchangeRequest(ctx, request)
	if err == nil && request.GetExchangeActor() != "" {
		if claims == nil {
			claims = map[string]any{}
		}
		claims["act"] = map[string]any{"sub": request.GetExchangeActor()}
	}
	return claims, err
}

func (s actingStorage) SetUserinfoFromTokenExchangeRequest(ctx context.Context, info *oidc.UserInfo, request op.TokenExchangeRequest) error {
	err := s.Storage.SetUserinfoFromTokenExchangeRequest(ctx, info, request)
	if err == nil && request.GetExchangeActor() != "" {
		info.AppendClaims("act", map[string]any{"sub": request.GetExchangeActor()})
	}
	return err
}

func (s actingStorage) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	client, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil || id != "jwt" {
		return client, err
	}
	return jwtClient{client}, nil
}

type jwtClient struct{ op.Client }

func (jwtClient) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (jwtClient) IDTokenUserinfoClaimsAssertion() bool { return true }
