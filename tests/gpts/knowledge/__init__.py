"""Tests of gpts.knowledge."""
