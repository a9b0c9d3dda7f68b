"""Tests against accounting systems that nobody here wrote."""
