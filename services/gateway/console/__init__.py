"""The console: pages by which operators see what is there and change it.

Pages read and the API writes: a page's routes are GETs that show what the registers and stores know, and
whatever changes something the browser sends to ``/v1`` with the operator's session.
"""
