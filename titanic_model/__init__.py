"""The domain that stream, API and training share: passengers, the scorer, the releases."""
