"""The embedded Rekognition: Amazon Rekognition's face collections on one machine.

Three rooms, each importing only the ones after it: `protocol` speaks Rekognition's JSON over HTTP,
`collections` keeps faces on disk and searches them, `engine` finds faces in pictures and turns them
into vectors. The engine is of use without the others.
"""
