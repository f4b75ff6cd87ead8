"""The product's settings with the bare view at every URL."""

from config.settings import *  # noqa: F403 - all settings except ROOT_URLCONF

ROOT_URLCONF = "benchmarks.store_bare"
