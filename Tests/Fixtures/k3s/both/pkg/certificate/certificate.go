// Package certificate makes the authorities of a cluster and what they vouch for.
package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/ioutil"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// Pair is a certificate and its key, as PEM.
type Pair struct{ Certificate, Key []byte }

// Authority signs certificates.
type Authority struct {
	// Certificate is the authority's own, as PEM.
	Certificate []byte

	certificate *x509.Certificate
	key         crypto.Signer
}

// Open reads an authority from NAME.crt and NAME.key, or makes it there.
func Open(name, subject string) (*Authority, error) {
	if certificates, err := cert.CertsFromFile(name + ".crt"); err == nil {
		key, err := keyutil.PrivateKeyFromFile(name + ".key")
		if err != nil {
			return nil, err
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("%s.key cannot sign", name)
		}
		return &Authority{encoded(certificates[0].Raw), certificates[0], signer}, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := cert.NewSelfSignedCACert(cert.Config{CommonName: subject}, key)
	if err != nil {
		return nil, err
	}
	encodedKey, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, err
	}
	made := Pair{encoded(certificate.Raw), encodedKey}
	return &Authority{made.Certificate, certificate, key}, made.Write(name)
}

// Client signs for a user.
func (a *Authority) Client(user string, groups ...string) (Pair, error) {
	return a.sign(user, groups, nil)
}

// Server signs for a name, and for all names and addresses under which a server is called.
func (a *Authority) Server(name string, names ...string) (Pair, error) {
	return a.sign(name, nil, names)
}

func (a *Authority) sign(name string, groups, names []string) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 62))
	if err != nil {
		return Pair{}, err
	}
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(names) > 0 {
		usage = append(usage, x509.ExtKeyUsageServerAuth)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name, Organization: groups}, SerialNumber: serial, ExtKeyUsage: usage,
		KeyUsage: x509.KeyUsageDigitalSignature, NotBefore: a.certificate.NotBefore, NotAfter: time.Now().AddDate(1, 0, 0),
	}
	for _, each := range names {
		if address := net.ParseIP(each); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, each)
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return Pair{}, err
	}
	encodedKey, err := keyutil.MarshalPrivateKeyToPEM(key)
	return Pair{encoded(signed), encodedKey}, err
}

// Write writes NAME.crt and NAME.key.
func (p Pair) Write(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if err := ioutil.WriteFile(name+".crt", p.Certificate, 0o644); err != nil {
		return err
	}
	return ioutil.WriteFile(name+".key", p.Key, 0o600)
}

func encoded(certificate []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: certificate})
}
