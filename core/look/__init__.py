"""Helpers of the design system that templates use through the ``loggia`` tags."""
