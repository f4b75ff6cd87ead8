"""Synthetic listings for benchmarks (``seed_catalogue``): generated from word lists."""
