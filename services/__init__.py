"""Facegate's services: contracts, the AWS adapters, the gateway and the workers."""
