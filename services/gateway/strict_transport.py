"""Browsers that came by TLS once are told to come by it alone (RFC 6797)."""

from flask import Flask, Response, request


def insist_on_tls(app: Flask, seconds: int) -> None:
    """Tell browsers so, with answers to requests that came by TLS.

    Parameters
    ----------
    seconds : int
        How long they are to keep to it; 0 tells them nothing.
    """
    if not seconds:
        return

    @app.after_request
    def insist(response: Response) -> Response:
        # over plain HTTP it would say nothing (RFC 6797, section 7.2)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={seconds}"
        return response
