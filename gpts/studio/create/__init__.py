"""The Create conversation: the model's functions and prompt, the guided interview, running an answer."""
