package main

import (
	"context"
	"encoding/pem"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

type server struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	dir string
	ids []spiffeid.ID

	mu      sync.Mutex
	current *authority
	bundle  *spiffebundle.Bundle
	// Closed and replaced when the authority changes.
	changed chan struct{}
}

func serve(args []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	s := &server{changed: make(chan struct{})}
	flags.StringVar(&s.dir, "dir", "", "where its files go")
	flags.Func("id", "an identity; the first one names the trust domain", func(text string) error {
		id, err := spiffeid.FromString(text)
		s.ids = append(s.ids, id)
		return err
	})
	lifetime := flags.Duration("lifetime", time.Hour, "of SVIDs")
	certFile := flags.String("ca", "", "the certificate of the authority, else a new one is made")
	keyFile := flags.String("ca-key", "", "its key")
	check(flags.Parse(args))
	if len(s.ids) == 0 {
		check(fmt.Errorf("no -id"))
	}
	domain := s.ids[0].TrustDomain()
	s.bundle = spiffebundle.New(domain)
	if *certFile == "" {
		s.take(newAuthority(domain, *lifetime))
	} else {
		s.take(loadAuthority(domain, *lifetime, *certFile, *keyFile))
	}

	socket := filepath.Join(s.dir, "api.sock")
	listener, err := net.Listen("unix", socket)
	check(err)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			s.take(newAuthority(domain, *lifetime))
		}
	}()
	grpcServer := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(grpcServer, s)
	fmt.Println(socket)
	check(grpcServer.Serve(listener))
}

// Signs with this authority from now on. What go-spiffe would refuse is not served.
func (s *server) take(next *authority) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bundle.AddX509Authority(next.cert)
	check(s.bundle.AddJWTAuthority(next.kid, next.jwtKey.Public()))
	for _, id := range s.ids {
		_, _, err := x509svid.Verify(next.x509SVID(id).Certificates, s.bundle.X509Bundle())
		check(err)
	}
	s.current = next
	document, err := s.bundle.Marshal()
	check(err)
	s.write("bundle.json", document)
	var roots []byte
	for _, cert := range s.bundle.X509Authorities() {
		roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	s.write("bundle.pem", roots)
	close(s.changed)
	s.changed = make(chan struct{})
}

// A reader sees the old file or the new one.
func (s *server) write(name string, bytes []byte) {
	path := filepath.Join(s.dir, name)
	check(os.WriteFile(path+".new", bytes, 0o600))
	check(os.Rename(path+".new", path))
}

// Sends what `make` gives now, and again after every change, until the caller goes.
func (s *server) watch(ctx context.Context, send func(*authority) error) error {
	if err := allowed(ctx); err != nil {
		return err
	}
	for {
		s.mu.Lock()
		current, changed := s.current, s.changed
		s.mu.Unlock()
		if err := send(current); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// SPIFFE Workload Endpoint section 5: a caller who did not mean to be here has no such header.
func allowed(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	if values := md.Get("workload.spiffe.io"); len(values) != 1 || values[0] != "true" {
		return status.Error(codes.InvalidArgument, "security header missing from request")
	}
	return nil
}

func (s *server) roots() (raw []byte) {
	for _, cert := range s.bundle.X509Authorities() {
		raw = append(raw, cert.Raw...)
	}
	return raw
}

func (s *server) FetchX509SVID(_ *workload.X509SVIDRequest, stream grpc.ServerStreamingServer[workload.X509SVIDResponse]) error {
	return s.watch(stream.Context(), func(current *authority) error {
		response := &workload.X509SVIDResponse{}
		for _, id := range s.ids {
			certs, key, err := current.x509SVID(id).MarshalRaw()
			if err != nil {
				return err
			}
			response.Svids = append(response.Svids, &workload.X509SVID{
				SpiffeId: id.String(), X509Svid: certs, X509SvidKey: key, Bundle: s.roots(),
			})
		}
		return stream.Send(response)
	})
}

func (s *server) FetchX509Bundles(_ *workload.X509BundlesRequest, stream grpc.ServerStreamingServer[workload.X509BundlesResponse]) error {
	return s.watch(stream.Context(), func(*authority) error {
		return stream.Send(&workload.X509BundlesResponse{
			Bundles: map[string][]byte{s.bundle.TrustDomain().IDString(): s.roots()},
		})
	})
}

func (s *server) FetchJWTSVID(ctx context.Context, request *workload.JWTSVIDRequest) (*workload.JWTSVIDResponse, error) {
	if err := allowed(ctx); err != nil {
		return nil, err
	}
	if len(request.Audience) == 0 {
		return nil, status.Error(codes.InvalidArgument, "audience must be specified")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	response := &workload.JWTSVIDResponse{}
	for _, id := range s.ids {
		if request.SpiffeId != "" && request.SpiffeId != id.String() {
			continue
		}
		token, err := s.current.jwtSVID(id, request.Audience)
		if err != nil {
			return nil, err
		}
		response.Svids = append(response.Svids, &workload.JWTSVID{SpiffeId: id.String(), Svid: token})
	}
	if len(response.Svids) == 0 {
		return nil, status.Error(codes.PermissionDenied, "no identity issued")
	}
	return response, nil
}

func (s *server) FetchJWTBundles(_ *workload.JWTBundlesRequest, stream grpc.ServerStreamingServer[workload.JWTBundlesResponse]) error {
	return s.watch(stream.Context(), func(*authority) error {
		document, err := s.bundle.JWTBundle().Marshal()
		if err != nil {
			return err
		}
		return stream.Send(&workload.JWTBundlesResponse{
			Bundles: map[string][]byte{s.bundle.TrustDomain().IDString(): document},
		})
	})
}

func (s *server) ValidateJWTSVID(ctx context.Context, request *workload.ValidateJWTSVIDRequest) (*workload.ValidateJWTSVIDResponse, error) {
	if err := allowed(ctx); err != nil {
		return nil, err
	}
	svid, err := jwtsvid.ParseAndValidate(request.Svid, s.bundle.JWTBundle(), []string{request.Audience})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	claims, err := structpb.NewStruct(svid.Claims)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &workload.ValidateJWTSVIDResponse{SpiffeId: svid.ID.String(), Claims: claims}, nil
}
