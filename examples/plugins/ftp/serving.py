"""Serves a fetcher to the plugin host of alluxio-mesos: all that is the same for every fetcher in Python.

The host starts the plugin and reads one line from its stdout: where it listens, and with which certificate. From
then on they talk gRPC over that socket, with mutual TLS. The messages are those of fetcher.proto (fetcher_pb2.py is
generated from it); this is the rest of what the host, which uses hashicorp/go-plugin, expects.
"""

import base64
import concurrent.futures
import dataclasses
import datetime
import os
import signal
import sys
import tempfile
import threading
import time

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import fetcher_pb2

CONTRACT = 1  # the version of the contract that fetcher.proto describes
COOKIE = ("ALLUXIO_MESOS_PLUGIN", "6a7f3e0c-plugin-of-alluxio-mesos")
REPORT_EVERY = 0.1  # seconds; more often only costs time


class Permanent(Exception):
    """Trying again cannot mend it: not found, not allowed, a bad source. Any other exception can be tried again."""


class Changed(Exception):
    """The source is not what it was when the fetch began; the host begins anew."""


@dataclasses.dataclass
class Info:
    name: str
    version: str
    schemes: list
    resumes: bool = True


@dataclasses.dataclass
class Progress:
    bytes: int  # in the file without a gap, counted from its start
    total: int = 0  # 0: unknown
    validator: str = ""  # the same as long as the source's bytes are


@dataclasses.dataclass
class Result:
    bytes: int
    validator: str = ""
    name: str = ""  # of the source's file


def serve(fetcher):
    """Makes this process a fetcher plugin, until its host is done with it. The fetcher has

    info: an Info;
    init(config): takes a dict of strings, and raises Permanent for what it does not know;
    fetch(request): a generator of Progress, and at last one Result, that writes into request.file. Several may run
    at once; one that is cancelled gets GeneratorExit at its next yield, so it should yield often.
    """
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit(f"{fetcher.info.name} {fetcher.info.version} is a plugin of alluxio-mesos; it is not run by hand.")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the host's to hear
    parent = os.getppid()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((_fetcher_service(fetcher), _health_service(), _controller_service(ended)))
    socket = os.path.join(tempfile.mkdtemp(prefix="p"), "plugin")  # in TMPDIR, which the host removes
    certificate, credentials = _credentials()
    server.add_secure_port("unix:" + socket, credentials)
    server.start()
    der = base64.b64encode(certificate).decode().rstrip("=")  # go-plugin takes it without padding only
    print(f"1|{CONTRACT}|unix|{socket}|grpc|{der}", flush=True)
    os.dup2(2, 1)  # whatever anybody prints from here on belongs on stderr
    while not ended.wait(1) and os.getppid() == parent:
        pass
    server.stop(0).wait(2)
    os._exit(0)  # a fetch that is stuck in a call to somewhere must not keep the process


def _credentials():
    """A certificate for this run alone, and TLS that takes only the host's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    credentials = grpc.ssl_server_credentials(
        [(private, certificate.public_bytes(pem))],
        root_certificates=os.environ["PLUGIN_CLIENT_CERT"].encode(),
        require_client_auth=True,
    )
    return certificate.public_bytes(serialization.Encoding.DER), credentials


def _fetcher_service(fetcher):
    pb = fetcher_pb2

    def get_info(_, __):
        i = fetcher.info
        return pb.GetInfoResponse(name=i.name, version=i.version, contract=CONTRACT, schemes=i.schemes, resumes=i.resumes)

    def init(request, context):
        with _errors(context):
            fetcher.init(dict(request.config))
        return pb.InitResponse()

    def fetch(request, context):
        with _errors(context):
            yield from _messages(fetcher.fetch(request), context)

    def shutdown(_, __):
        return pb.ShutdownResponse()

    def unary(method, request):
        return grpc.unary_unary_rpc_method_handler(method, request.FromString, lambda m: m.SerializeToString())

    return grpc.method_handlers_generic_handler("fetcher.v1.Fetcher", {
        "GetInfo": unary(get_info, pb.GetInfoRequest),
        "Init": unary(init, pb.InitRequest),
        "Shutdown": unary(shutdown, pb.ShutdownRequest),
        "Fetch": grpc.unary_stream_rpc_method_handler(
            fetch, pb.FetchRequest.FromString, lambda m: m.SerializeToString()),
    })


def _messages(steps, context):
    """What a fetch yields, as messages: of the progress as much as is worth telling."""
    pb = fetcher_pb2
    told = 0.0
    try:
        for step in steps:
            if not context.is_active():
                return
            if isinstance(step, Result):
                yield pb.FetchResponse(result=pb.Result(bytes=step.bytes, validator=step.validator, name=step.name))
                return
            if time.monotonic() - told >= REPORT_EVERY:
                told = time.monotonic()
                yield pb.FetchResponse(progress=pb.Progress(bytes=step.bytes, total=step.total, validator=step.validator))
    finally:
        steps.close()


class _errors:
    """Makes a gRPC status of an exception: the host tells by its code whether trying again helps."""

    def __init__(self, context):
        self.context = context

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        if error is None or isinstance(error, GeneratorExit):
            return False
        code = grpc.StatusCode.UNKNOWN  # may be tried again
        if isinstance(error, Permanent):
            code = grpc.StatusCode.FAILED_PRECONDITION
        elif isinstance(error, Changed):
            code = grpc.StatusCode.ABORTED
        self.context.abort(code, str(error)[:4000] or type(error).__name__)


def _health_service():
    """grpc.health.v1.Health; a HealthCheckResponse that says SERVING is these two bytes."""
    serving = grpc.unary_unary_rpc_method_handler(lambda _, __: b"\x08\x01")
    return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": serving})


def _controller_service(ended):
    """go-plugin's own way to say that the process may end."""

    def shutdown(_, __):
        ended.set()
        return b""

    return grpc.method_handlers_generic_handler(
        "plugin.GRPCController", {"Shutdown": grpc.unary_unary_rpc_method_handler(shutdown)})
