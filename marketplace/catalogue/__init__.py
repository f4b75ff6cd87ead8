"""Synthetic listings for measuring: invented by word lists, loaded by COPY."""
