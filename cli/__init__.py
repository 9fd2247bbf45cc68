"""What people type: ``facegate``."""
