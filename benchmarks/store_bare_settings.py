"""The product's settings with the bare view under every address."""

from config.settings import *  # noqa: F403 - all of them, but for the one below

ROOT_URLCONF = "benchmarks.store_bare"
