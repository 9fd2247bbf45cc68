"""The enroll worker: one photo in, one face out, or a reason why not."""
