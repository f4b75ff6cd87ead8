"""Demo content: people, GPTs, documents, conversations, moderation, usage and a closed month."""
