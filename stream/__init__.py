"""The worker: passengers in, predictions out, exactly once."""
