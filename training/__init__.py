"""A model's way: passengers with known fates in, a release out."""
