"""Anonymous figures about the use of a GPT for its creators: every figure counts at least five people."""
