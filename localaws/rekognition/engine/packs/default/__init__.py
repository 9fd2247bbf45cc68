"""The default model pack: its description and the npm package that its networks come from."""
