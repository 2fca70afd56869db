"""Certificates for tests: one private CA, and leaves that are good or bad in one way each."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Leaf:
    """A certificate chain and its private key, as PEM files."""

    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Return a context for a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


@dataclass(frozen=True)
class Certificates:
    """Leaves for 127.0.0.1 and localhost.

    Attributes:
        ca: the PEM file of the private CA that signed all but `self_signed`.
        good: what a client that trusts the CA accepts.
        expired: ended in 2020.
        wrong_host: for `other.example` only.
        self_signed: signed by itself.
        client: for client authentication; any server that trusts the CA accepts it.
    """

    ca: Path
    good: Leaf
    expired: Leaf
    wrong_host: Leaf
    self_signed: Leaf
    client: Leaf

    def client_context(self) -> ssl.SSLContext:
        """Return a verifying client context that trusts the private CA and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.ca)
        return context


def make_certificates(folder: Path) -> Certificates:
    """Write a new CA and its leaves to `folder`."""
    authority = trustme.CA()
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

    def leaf(name: str, certificate: trustme.LeafCert) -> Leaf:
        made = Leaf(folder / f"{name}.pem", folder / f"{name}.key")
        for number, pem in enumerate(certificate.cert_chain_pems):
            pem.write_to_path(made.chain, append=number > 0)
        certificate.private_key_pem.write_to_path(made.key)
        return made

    return Certificates(
        ca=ca,
        good=leaf("good", authority.issue_cert(*NAMES)),
        expired=leaf("expired", authority.issue_cert(*NAMES, not_before=past, not_after=past.replace(month=2))),
        wrong_host=leaf("wrong-host", authority.issue_cert("other.example")),
        self_signed=_self_signed(folder),
        client=leaf("client", authority.issue_cert("somebody@client.example")),
    )


def _self_signed(folder: Path) -> Leaf:
    """Make what `openssl req -x509` makes; trustme has only certificates that a CA signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Leaf(folder / "self-signed.pem", folder / "self-signed.key")
    made.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made
