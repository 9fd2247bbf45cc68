"""Pages by which operators sign in and change their passwords."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.gateway.console.guard import console_blueprint, find_signed_in, own_page
from services.gateway.console.layout import page_blueprint
from services.gateway.session_cookies import need_privacy


def sign_in_pages() -> Blueprint:
    """Make the blueprint of the page by which operators sign in."""
    blueprint = page_blueprint("sign_in_pages")

    @blueprint.get("/sign-in")
    def sign_in() -> str | BaseResponse:
        # before anybody types a password that would cross a network in the clear
        need_privacy(request)
        wanted = own_page(request.args.get("next"))
        if find_signed_in() is not None:
            return redirect(wanted, HTTPStatus.SEE_OTHER)
        return render_template("console/sign_in.html", wanted=wanted, interrupted="next" in request.args)

    return blueprint


def account_pages() -> Blueprint:
    """Make the blueprint of what operators see and change of themselves."""
    blueprint = console_blueprint("account_pages")

    @blueprint.get("/account")
    def account() -> str:
        return render_template("console/account.html", changed="changed" in request.args)

    return blueprint
