"""The pages and API on which a builder edits one GPT, and the Create conversation."""
