"""A real Redis, a service on a real socket that can misbehave, and a log that remembers."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.asyncio import Redis

from system_daemon import redis_client
from tests.integration.services.fault_server import FaultServer
from tests.integration.services.reply_dropper import ReplyDropper


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client as production makes it, on an empty database; keys that never expire are refused."""
    client = redis_client.connect(redis_url)
    yield client
    lasting = [
        key
        async for key in client.scan_iter("system_daemon:*")
        if await client.ttl(key) == -1 and not key.startswith("system_daemon:fence:")
    ]
    await client.aclose()
    assert lasting == [], "these keys never expire"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FaultServer]:
    """A service that answers success until told otherwise."""
    fault_server = FaultServer()
    await fault_server.start()
    yield fault_server
    await fault_server.stop()


@pytest.fixture
def log() -> logging.Logger:
    """The log that calls write; read it with ``caplog``."""
    logger = logging.getLogger("service-call")
    logger.setLevel(logging.INFO)
    return logger


class _SelfSigned:
    """A certificate that is its own authority, with trustme's way of loading it."""

    def __init__(self, pem: Path) -> None:
        self._pem = pem

    def configure_cert(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._pem)


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> _SelfSigned:
    """A self-signed certificate for service.invalid."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "service.invalid")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("service.invalid")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "self-signed.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return _SelfSigned(pem)


@pytest_asyncio.fixture
async def dropper(redis_url: str) -> AsyncIterator[ReplyDropper]:
    """A proxy before Redis that can lose a reply."""
    port = urlsplit(redis_url).port
    assert port
    proxy = ReplyDropper(port)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest_asyncio.fixture
async def lossy_redis(dropper: ReplyDropper, redis_url: str) -> AsyncIterator[Redis]:
    """A production client that speaks through the proxy."""
    client = redis_client.connect(
        redis_url.replace(f":{urlsplit(redis_url).port}", f":{dropper.port}")
    )
    yield client
    await client.aclose()
