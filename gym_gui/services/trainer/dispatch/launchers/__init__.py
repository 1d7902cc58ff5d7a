"""Launchers: how a worker process comes to be, here or on a cluster."""
