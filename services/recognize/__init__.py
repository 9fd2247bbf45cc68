"""The recognize worker: frames of one visitor in, one decision out."""
