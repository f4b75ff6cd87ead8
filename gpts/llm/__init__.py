"""Language models: providers, the model catalogue, model clients, the turn runner, embeddings."""
