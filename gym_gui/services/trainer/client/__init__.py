"""The other side of the wire: a client for faces, a publisher for workers, and their spools."""
