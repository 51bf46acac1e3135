#!/bin/sh
# Makes the certificates and the key that tests sign with. They are public, so nobody may trust them; good for a century.
set -eu
cd "$(dirname "$0")"
openssl ecparam -name prime256v1 -genkey -noout -out root.key
openssl req -x509 -new -key root.key -sha256 -days 36500 -subj "/CN=Test-only root/O=Tests" -out test-only-root.pem \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out test-only-private-key.pem
openssl req -new -key test-only-private-key.pem -subj "/CN=Test-only signer/O=Tests" -out leaf.csr
cat > extensions <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=emailProtection
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
END
openssl x509 -req -in leaf.csr -CA test-only-root.pem -CAkey root.key -CAcreateserial -sha256 -days 36500 \
  -extfile extensions -out test-only-certificates.pem
# Signed by itself, which C2PA does not allow a signer.
openssl req -x509 -new -key test-only-private-key.pem -sha256 -days 36500 -subj "/CN=Test-only unfit/O=Tests" \
  -out test-only-unfit-certificates.pem
rm -f root.key leaf.csr extensions test-only-root.srl
