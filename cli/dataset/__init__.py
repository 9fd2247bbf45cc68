"""``facegate dataset check``: a folder of photos looked at before anybody is enrolled from it.

`photos` finds the files and whom they are said to show, `faces` looks at them through Rekognition,
`analysis` says what is wrong, and `report` and `sheet` show it.
"""
