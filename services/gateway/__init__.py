"""The gateway: what kiosks talk to, over HTTP.

`bootstrap` plugs a process together, `app` makes the Flask application from its collaborators,
`service` takes a frame to its decision.
"""
