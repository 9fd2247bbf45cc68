"""Who may pass which door, when, and why: pure functions of the rules, a person and a moment."""
