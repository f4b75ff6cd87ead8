"""Tests of a GPT: golden prompts, leak probes, and the gate they set for publishing."""
