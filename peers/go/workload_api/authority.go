package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// One generation of keys of a trust domain.
type authority struct {
	domain   spiffeid.TrustDomain
	lifetime time.Duration
	cert     *x509.Certificate
	key      crypto.Signer
	jwtKey   *ecdsa.PrivateKey
	kid      string
}

func newAuthority(domain spiffeid.TrustDomain, lifetime time.Duration) *authority {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: domain.Name()},
		URIs:                  []*url.URL{domain.ID().URL()},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	return &authority{domain, lifetime, sign(template, template, key.Public(), key), key, newKey(), hex.EncodeToString(serial().Bytes())}
}

// The authority of a certificate and a key that someone else made.
func loadAuthority(domain spiffeid.TrustDomain, lifetime time.Duration, certFile, keyFile string) *authority {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	check(err)
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	check(err)
	return &authority{domain, lifetime, cert, pair.PrivateKey.(crypto.Signer), newKey(), hex.EncodeToString(serial().Bytes())}
}

// The X509-SVID as SPIRE makes it: basic constraints, both extended key usages, one URI SAN.
func (a *authority) x509SVID(id spiffeid.ID) *x509svid.SVID {
	key := newKey()
	leaf := sign(&x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{Organization: []string{"SPIRE"}},
		URIs:                  []*url.URL{id.URL()},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(a.lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}, a.cert, key.Public(), a.key)
	return &x509svid.SVID{ID: id, Certificates: []*x509.Certificate{leaf}, PrivateKey: key}
}

func (a *authority) jwtSVID(id spiffeid.ID, audience []string) (string, error) {
	signing := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: a.jwtKey, KeyID: a.kid}}
	signer, err := jose.NewSigner(signing, new(jose.SignerOptions).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now := time.Now()
	return jwt.Signed(signer).Claims(jwt.Claims{
		Subject:  id.String(),
		Audience: audience,
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(a.lifetime)),
	}).Serialize()
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	return key
}

func serial() *big.Int {
	bytes := make([]byte, 12)
	_, err := rand.Read(bytes)
	check(err)
	return new(big.Int).SetBytes(bytes)
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	check(err)
	cert, err := x509.ParseCertificate(der)
	check(err)
	return cert
}
