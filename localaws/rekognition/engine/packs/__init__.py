"""Model packs: which networks the engine runs, how they are fed and what their cosines mean."""
