"""Sending botocore's requests with libcurl, which takes a fifth of the processor time that urllib3 takes."""

from collections import deque
from io import BytesIO
from typing import Any

import botocore.session
import pycurl
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path

#: libcurl's own ideas of what to send, which no signature covers; and a length that it counts itself.
_NOT_SENT = ("Expect:", "Accept:")
_COUNTED = "content-length"
_UNREACHABLE = frozenset({pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT})
_PROXY = frozenset({pycurl.E_COULDNT_RESOLVE_PROXY, 97})  # CURLE_PROXY, which pycurl does not name
_CLOSED = frozenset(
    {pycurl.E_GOT_NOTHING, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, pycurl.E_PARTIAL_FILE, pycurl.E_HTTP2}
)
_TLS = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_SSL_CACERT,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_PEER_FAILED_VERIFICATION,
    }
)


def send_with_curl(client: Any) -> Any:
    """Have a client of botocore send with libcurl, and return it; for services whose bodies are no streams.

    Timeouts, certificates and proxies are what botocore would go by: the client's configuration, its
    ``ca_bundle``, the environment's ``https_proxy``.
    """
    config, trusted = client.meta.config, botocore.session.get_session().get_config_variable("ca_bundle")
    # botocore has no setting for what sends
    client._endpoint.http_session = CurlSession(
        connect_timeout=config.connect_timeout,
        read_timeout=config.read_timeout,
        certificates=get_cert_path(trusted or True) or "",
        most_idle=config.max_pool_connections,
    )
    return client


class CurlSession:
    """What botocore sends requests with: connections that are kept, shared by all threads.

    Parameters
    ----------
    connect_timeout, read_timeout : float
        Seconds; an answer has both together to be there wholly.
    certificates : str
        File of the authorities that are trusted.
    most_idle : int
        How many connections are kept while nobody uses them; over TLS each takes .9 MB.
    """

    def __init__(
        self, *, connect_timeout: float, read_timeout: float, certificates: str, most_idle: int
    ) -> None:
        self._connect_milliseconds = round(1000 * connect_timeout)
        self._milliseconds = round(1000 * (connect_timeout + read_timeout))
        self._certificates = certificates
        self._most_idle = most_idle
        #: Each has a connection. The one used last is taken first, so that those not needed time out.
        self._idle: deque[pycurl.Curl] = deque()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request and return the answer, read to its end.

        Raises
        ------
        botocore.exceptions.HTTPClientError
            As botocore's own session does: one of its kinds, by which botocore knows what to try again.
        """
        try:
            handle = self._idle.pop()
        except IndexError:
            handle = self._handle()
        head: list[bytes] = []
        body = _Body()
        try:
            handle.setopt(pycurl.URL, request.url)
            handle.setopt(pycurl.CUSTOMREQUEST, request.method)
            handle.setopt(pycurl.HTTPHEADER, _sent(request.headers))
            # an empty one too, or libcurl waits for input
            handle.setopt(pycurl.POSTFIELDS, request.body or b"")
            handle.setopt(pycurl.HEADERFUNCTION, head.append)
            handle.setopt(pycurl.WRITEFUNCTION, body.write)
            handle.perform()
            status = handle.getinfo(pycurl.RESPONSE_CODE)
        except pycurl.error as error:
            # its connection with it
            connected = handle.getinfo(pycurl.CONNECT_TIME) > 0
            handle.close()
            raise _told(error, request, connected=connected) from error
        if len(self._idle) < self._most_idle:
            self._idle.append(handle)
        else:
            handle.close()
        return AWSResponse(request.url, status, _headers(head), body)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        # signals would reach the main thread alone, and whatever it was doing
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.TCP_NODELAY, 1)
        handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        handle.setopt(pycurl.CAINFO, self._certificates)
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, self._connect_milliseconds)
        handle.setopt(pycurl.TIMEOUT_MS, self._milliseconds)
        return handle


class _Body(BytesIO):
    """The bytes of an answer, read as urllib3's are."""

    def stream(self, _amount: int = 0) -> list[bytes]:
        return [self.getvalue()]


def _sent(headers: Any) -> list[bytes | str]:
    sent: list[bytes | str] = list(_NOT_SENT)
    for name, value in headers.items():
        if name.lower() != _COUNTED:
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            # without a value libcurl would take the field for one that it shall not send
            sent.append(f"{name}: {text}".encode("latin-1") if text else f"{name};")
    return sent


def _headers(lines: list[bytes]) -> Any:
    """Read the fields of the last answer: an interim one (100 Continue, a proxy's) comes before it."""
    headers = HeadersDict()
    for line in lines:
        if line.startswith(b"HTTP/"):
            headers = HeadersDict()
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers[name] = value.strip()
    return headers


def _told(error: pycurl.error, request: AWSPreparedRequest, *, connected: bool) -> Exception:
    code, url = error.args[0], request.url
    if code in _UNREACHABLE:
        return EndpointConnectionError(endpoint_url=url, error=error)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        kind = ReadTimeoutError if connected else ConnectTimeoutError
        return kind(endpoint_url=url, error=error)
    if code in _CLOSED:
        return ConnectionClosedError(endpoint_url=url, request=request, error=error)
    if code in _PROXY:
        return ProxyConnectionError(proxy_url="the environment's", error=error)
    if code in _TLS:
        return SSLError(endpoint_url=url, error=error)
    return HTTPClientError(error=error)
