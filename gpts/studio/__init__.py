"""The builder: pages of one GPT, and the Create conversation."""
