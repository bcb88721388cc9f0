"""Paintings over HTTP: a model, its adapters, and the replicas that paint."""
